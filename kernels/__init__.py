"""Sparse and geometric operations, each a torch operator around Warp kernels."""

from graphformers.kernels.attention.op import sparse_attention
from graphformers.kernels.attention.record import RecordedAttention, recorded_attention
from graphformers.kernels.attention.score import PairScore
from graphformers.kernels.attention.self_attention import self_attention
from graphformers.kernels.batch_norm.op import batch_norm
from graphformers.kernels.eulerian.op import EulerianPaths, eulerian_paths
from graphformers.kernels.farthest_points.op import farthest_points
from graphformers.kernels.messages.op import edge_sum, gated_mean, rectified_sum
from graphformers.kernels.neighbors.op import MaxNeighbors, knn_neighbors, radius_neighbors
from graphformers.kernels.neighbors.result import Neighbors
from graphformers.kernels.ordering.node_order import NodeOrder
from graphformers.kernels.pattern import SparsePattern
from graphformers.kernels.pooling.op import relative_waves, supernode_neighbors
from graphformers.kernels.random_walk.op import (
    random_walk_probabilities,
    relative_random_walk_probabilities,
)
from graphformers.kernels.sampling.graph import CSRGraph
from graphformers.kernels.sampling.hop_tokens.op import sample_hop_tokens
from graphformers.kernels.sampling.neighbors.heterogeneous import sample_heterogeneous_neighbors
from graphformers.kernels.sampling.neighbors.op import (
    sample_ego_graphs,
    sample_graph,
    sample_neighbors,
)
from graphformers.kernels.sampling.neighbors.sample import (
    HeterogeneousSample,
    HeterogeneousTimeLimit,
    NeighborSample,
    TimeLimit,
)
from graphformers.kernels.sampling.walks.op import random_walks
from graphformers.kernels.segments.op import segment_broadcast, segment_reduce
from graphformers.kernels.softmax.op import segment_logsumexp, segment_softmax
from graphformers.kernels.voxels.op import Voxels, group_voxels, patch_offsets, voxel_cells

__all__ = [
    "CSRGraph",
    "EulerianPaths",
    "HeterogeneousSample",
    "HeterogeneousTimeLimit",
    "MaxNeighbors",
    "NeighborSample",
    "Neighbors",
    "NodeOrder",
    "PairScore",
    "RecordedAttention",
    "SparsePattern",
    "TimeLimit",
    "Voxels",
    "batch_norm",
    "edge_sum",
    "eulerian_paths",
    "farthest_points",
    "gated_mean",
    "group_voxels",
    "knn_neighbors",
    "patch_offsets",
    "radius_neighbors",
    "random_walk_probabilities",
    "random_walks",
    "recorded_attention",
    "rectified_sum",
    "relative_random_walk_probabilities",
    "relative_waves",
    "sample_ego_graphs",
    "sample_graph",
    "sample_heterogeneous_neighbors",
    "sample_hop_tokens",
    "sample_neighbors",
    "segment_broadcast",
    "segment_logsumexp",
    "segment_reduce",
    "segment_softmax",
    "self_attention",
    "sparse_attention",
    "supernode_neighbors",
    "voxel_cells",
]
