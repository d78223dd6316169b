"""Models of fields on meshes."""

from graphformers.physics.models.mesh_graph_net import MeshGraphNet, MeshGraphNetConfig
from graphformers.physics.models.mesh_transformer import MeshTransformer, MeshTransformerConfig
from graphformers.physics.models.physgto import PhysGTO, PhysGTOConfig
from graphformers.physics.models.task import StaticTask, TransientTask
from graphformers.physics.models.transolver import Transolver, TransolverConfig
from graphformers.physics.models.volt import (
    Volt,
    VoltConfig,
    VoltField,
    VoltFieldConfig,
    VoltSegmentor,
    VoltSegmentorConfig,
    VoxelTeacher,
    VoxelTeacherConfig,
)

__all__ = [
    "MeshGraphNet",
    "MeshGraphNetConfig",
    "MeshTransformer",
    "MeshTransformerConfig",
    "PhysGTO",
    "PhysGTOConfig",
    "StaticTask",
    "TransientTask",
    "Transolver",
    "TransolverConfig",
    "Volt",
    "VoltConfig",
    "VoltField",
    "VoltFieldConfig",
    "VoltSegmentor",
    "VoltSegmentorConfig",
    "VoxelTeacher",
    "VoxelTeacherConfig",
]
