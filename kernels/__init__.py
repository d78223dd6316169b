"""Sparse and geometric operations, each a torch operator around Warp kernels."""

from graphformers.kernels.attention.op import sparse_attention
from graphformers.kernels.pattern import SparsePattern
from graphformers.kernels.random_walk.op import random_walk_probabilities
from graphformers.kernels.segments.op import segment_broadcast, segment_reduce
from graphformers.kernels.softmax.op import segment_logsumexp, segment_softmax

__all__ = [
    "SparsePattern",
    "random_walk_probabilities",
    "segment_broadcast",
    "segment_logsumexp",
    "segment_reduce",
    "segment_softmax",
    "sparse_attention",
]
