"""MeshGraphNet: messages along the mesh edges, step by step."""

from graphformers.physics.models.mesh_graph_net.config import MeshGraphNetConfig
from graphformers.physics.models.mesh_graph_net.model import MeshGraphNet

__all__ = ["MeshGraphNet", "MeshGraphNetConfig"]
