"""Graph models."""

from graphformers.models.gps import GPS, GPSConfig
from graphformers.models.graph_transformer import GraphTransformer, GraphTransformerConfig
from graphformers.models.grit import GRIT, GRITConfig

__all__ = [
    "GPS",
    "GRIT",
    "GPSConfig",
    "GRITConfig",
    "GraphTransformer",
    "GraphTransformerConfig",
]
