"""Models of fields on meshes."""

from graphformers.physics.models.ab_upt import (
    ABUPT,
    ABUPTConfig,
    ABUPTField,
    ABUPTFieldConfig,
    AnchorCache,
    Branch,
    Geometry,
    PointSet,
)
from graphformers.physics.models.continuum import (
    FourierAttentionNeuralOperator,
    FourierAttentionNeuralOperatorConfig,
    TransformerNeuralOperator,
    TransformerNeuralOperatorConfig,
    ViTNeuralOperator,
    ViTNeuralOperatorConfig,
)
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
    "ABUPT",
    "ABUPTConfig",
    "ABUPTField",
    "ABUPTFieldConfig",
    "AnchorCache",
    "Branch",
    "FourierAttentionNeuralOperator",
    "FourierAttentionNeuralOperatorConfig",
    "Geometry",
    "MeshGraphNet",
    "MeshGraphNetConfig",
    "MeshTransformer",
    "MeshTransformerConfig",
    "PhysGTO",
    "PhysGTOConfig",
    "PointSet",
    "StaticTask",
    "TransformerNeuralOperator",
    "TransformerNeuralOperatorConfig",
    "TransientTask",
    "Transolver",
    "TransolverConfig",
    "ViTNeuralOperator",
    "ViTNeuralOperatorConfig",
    "Volt",
    "VoltConfig",
    "VoltField",
    "VoltFieldConfig",
    "VoltSegmentor",
    "VoltSegmentorConfig",
    "VoxelTeacher",
    "VoxelTeacherConfig",
]
