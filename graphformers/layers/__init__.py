"""Shared layers: every model is built from these."""

from graphformers.layers.categorical import CategoricalEmbedding
from graphformers.layers.edge_attention import EdgeAttention
from graphformers.layers.eigenvector_encoder import (
    EigenvectorEncoder,
    FrequencyMLP,
    FrequencyNetwork,
    FrequencyTransformer,
)
from graphformers.layers.eigenvector_map import EigenvectorMap
from graphformers.layers.gated_gcn import GatedGCN
from graphformers.layers.gine import GINE
from graphformers.layers.gps_block import GPSBlock
from graphformers.layers.graph_attention import GraphAttention
from graphformers.layers.graph_transformer_block import GraphTransformerBlock
from graphformers.layers.heads import GraphHead, HalvingHead, Head, NodeHead, UnitRowMLP
from graphformers.layers.local_layer import LocalLayer
from graphformers.layers.mlp import MLP
from graphformers.layers.normalization import BatchNorm
from graphformers.layers.numeric import NumericEmbedding
from graphformers.layers.padded_rows import PaddedRows
from graphformers.layers.post_norm_update import PostNormUpdate
from graphformers.layers.virtual_node_block import VirtualNodeBlock
from graphformers.layers.virtual_node_graph import VirtualNodeGraph, VirtualNodeStates
from graphformers.layers.virtual_node_input import VirtualNodeInput
from graphformers.layers.walk_encoder import RandomWalkEncoder

__all__ = [
    "GINE",
    "MLP",
    "BatchNorm",
    "CategoricalEmbedding",
    "EdgeAttention",
    "EigenvectorEncoder",
    "EigenvectorMap",
    "FrequencyMLP",
    "FrequencyNetwork",
    "FrequencyTransformer",
    "GPSBlock",
    "GatedGCN",
    "GraphAttention",
    "GraphHead",
    "GraphTransformerBlock",
    "HalvingHead",
    "Head",
    "LocalLayer",
    "NodeHead",
    "NumericEmbedding",
    "PaddedRows",
    "PostNormUpdate",
    "RandomWalkEncoder",
    "UnitRowMLP",
    "VirtualNodeBlock",
    "VirtualNodeGraph",
    "VirtualNodeInput",
    "VirtualNodeStates",
]
