"""Shared layers: every model is built from these."""

from graphformers.layers.adaptive_mlp import AdaptiveMLP
from graphformers.layers.adaptive_mlp_stack import AdaptiveMLPStack
from graphformers.layers.adaptive_rms_norm import AdaptiveRMSNorm
from graphformers.layers.bias_grid import bias_grid
from graphformers.layers.big_bird_pattern import big_bird_pattern
from graphformers.layers.categorical import CategoricalEmbedding
from graphformers.layers.degree_scaler import DegreeScaler, log_degrees
from graphformers.layers.edge_attention import EdgeAttention
from graphformers.layers.eigenvector_encoder import (
    EigenvectorEncoder,
    FrequencyMLP,
    FrequencyNetwork,
    FrequencyTransformer,
)
from graphformers.layers.eigenvector_map import EigenvectorMap
from graphformers.layers.gated_gcn import GatedGCN
from graphformers.layers.gelu_heads import GELUGraphHead, GELUNodeHead
from graphformers.layers.geometric_layer import GeometricLayer
from graphformers.layers.gine import GINE
from graphformers.layers.global_layer import GlobalLayer
from graphformers.layers.gps_block import GPSBlock
from graphformers.layers.graph_attention import GraphAttention
from graphformers.layers.graph_drop_path import GraphDropPath
from graphformers.layers.graph_transformer_block import GraphTransformerBlock
from graphformers.layers.graphormer_bias import DegreeEmbedding, DistanceBias, PathBias
from graphformers.layers.grit_attention import GRITAttention
from graphformers.layers.grit_block import GRITBlock
from graphformers.layers.heads import (
    GraphHead,
    HalvingHead,
    Head,
    NodeHead,
    PairHead,
    SequenceHead,
    UnitRowMLP,
)
from graphformers.layers.layer_scale import LayerScale
from graphformers.layers.local_layer import LocalLayer
from graphformers.layers.mlp import MLP
from graphformers.layers.normalization import BatchNorm
from graphformers.layers.numeric import NumericEmbedding
from graphformers.layers.padded_rows import PaddedRows
from graphformers.layers.pair_bias_gate import PairBiasGate
from graphformers.layers.pair_features import PairFeatures
from graphformers.layers.performer_attention import PerformerAttention
from graphformers.layers.post_norm_update import PostNormUpdate
from graphformers.layers.ppgt_block import PPGTBlock
from graphformers.layers.quadrature import log_quadrature, point_volumes
from graphformers.layers.ragged_rows import RaggedRows
from graphformers.layers.relational_gated_gcn import RelationalGatedGCN
from graphformers.layers.sign_net import SignNet
from graphformers.layers.sinusoidal_mlp import SinusoidalMLP
from graphformers.layers.spectral_layer import SpectralLayer
from graphformers.layers.squared_distance_attention import SquaredDistanceAttention
from graphformers.layers.stable_gated_gcn import StableGatedGCN
from graphformers.layers.stable_gine import StableGINE
from graphformers.layers.stable_layer import StableLayer, StablePositions
from graphformers.layers.virtual_node_graph import VirtualNodeGraph, VirtualNodeInput
from graphformers.layers.walk_encoder import RandomWalkEncoder

__all__ = [
    "GINE",
    "MLP",
    "AdaptiveMLP",
    "AdaptiveMLPStack",
    "AdaptiveRMSNorm",
    "BatchNorm",
    "CategoricalEmbedding",
    "DegreeEmbedding",
    "DegreeScaler",
    "DistanceBias",
    "EdgeAttention",
    "EigenvectorEncoder",
    "EigenvectorMap",
    "FrequencyMLP",
    "FrequencyNetwork",
    "FrequencyTransformer",
    "GELUGraphHead",
    "GELUNodeHead",
    "GPSBlock",
    "GRITAttention",
    "GRITBlock",
    "GatedGCN",
    "GeometricLayer",
    "GlobalLayer",
    "GraphAttention",
    "GraphDropPath",
    "GraphHead",
    "GraphTransformerBlock",
    "HalvingHead",
    "Head",
    "LayerScale",
    "LocalLayer",
    "NodeHead",
    "NumericEmbedding",
    "PPGTBlock",
    "PaddedRows",
    "PairBiasGate",
    "PairFeatures",
    "PairHead",
    "PathBias",
    "PerformerAttention",
    "PostNormUpdate",
    "RaggedRows",
    "RandomWalkEncoder",
    "RelationalGatedGCN",
    "SequenceHead",
    "SignNet",
    "SinusoidalMLP",
    "SpectralLayer",
    "SquaredDistanceAttention",
    "StableGINE",
    "StableGatedGCN",
    "StableLayer",
    "StablePositions",
    "UnitRowMLP",
    "VirtualNodeGraph",
    "VirtualNodeInput",
    "bias_grid",
    "big_bird_pattern",
    "log_degrees",
    "log_quadrature",
    "point_volumes",
]
