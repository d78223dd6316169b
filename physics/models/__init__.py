"""Models of fields on meshes."""

from graphformers.physics.models.mesh_graph_net import MeshGraphNet, MeshGraphNetConfig
from graphformers.physics.models.physgto import PhysGTO, PhysGTOConfig
from graphformers.physics.models.task import StaticTask, TransientTask
from graphformers.physics.models.transolver import Transolver, TransolverConfig

__all__ = [
    "MeshGraphNet",
    "MeshGraphNetConfig",
    "PhysGTO",
    "PhysGTOConfig",
    "StaticTask",
    "TransientTask",
    "Transolver",
    "TransolverConfig",
]
