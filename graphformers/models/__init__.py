"""Graph models."""

from graphformers.models.gps import GPS, GPSConfig
from graphformers.models.graph_transformer import GraphTransformer, GraphTransformerConfig
from graphformers.models.grit import GRIT, GRITConfig
from graphformers.models.ppgt import PPGT, PPGTConfig
from graphformers.models.virtual_node import VirtualNodeMPNN, VirtualNodeMPNNConfig

__all__ = [
    "GPS",
    "GRIT",
    "PPGT",
    "GPSConfig",
    "GRITConfig",
    "GraphTransformer",
    "GraphTransformerConfig",
    "PPGTConfig",
    "VirtualNodeMPNN",
    "VirtualNodeMPNNConfig",
]
