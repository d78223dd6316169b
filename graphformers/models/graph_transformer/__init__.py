"""GT: the graph transformer with edge features and Laplacian eigenvectors."""

from graphformers.models.graph_transformer.config import (
    EigenvectorMapConfig,
    GraphTransformerConfig,
    NodeColourConfig,
)
from graphformers.models.graph_transformer.model import GraphTransformer

__all__ = [
    "EigenvectorMapConfig",
    "GraphTransformer",
    "GraphTransformerConfig",
    "NodeColourConfig",
]
