"""Masked mesh transformer: attention in which the mesh says who sees whom."""

from graphformers.physics.models.mesh_transformer.config import MeshTransformerConfig
from graphformers.physics.models.mesh_transformer.model import MeshTransformer

__all__ = ["MeshTransformer", "MeshTransformerConfig"]
