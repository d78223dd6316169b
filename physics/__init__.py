"""Meshes and their files, surrogates for physical fields on them, and pictures of both."""

from graphformers.physics.aero_units import AeroUnits
from graphformers.physics.bundled import bundled_airfoils
from graphformers.physics.edges import cell_edges, mesh_edges
from graphformers.physics.field_statistics import Moments, field_statistics
from graphformers.physics.geometry_prediction import GeometryPredictor, GeometrySizes
from graphformers.physics.geometry_sampling import sample_surface, sample_volume
from graphformers.physics.grids import GridData, read_grids
from graphformers.physics.losses import MeanSquares, RelativeH1, RelativeL2
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.mesh_series import MeshSeries
from graphformers.physics.mesh_store import MeshStore, StoredCase
from graphformers.physics.models import (
    ABUPT,
    ABUPTConfig,
    ABUPTField,
    ABUPTFieldConfig,
    AnchorCache,
    Branch,
    FourierAttentionNeuralOperator,
    FourierAttentionNeuralOperatorConfig,
    Geometry,
    MeshGraphNet,
    MeshGraphNetConfig,
    MeshTransformer,
    MeshTransformerConfig,
    PhysGTO,
    PhysGTOConfig,
    PointSet,
    TransformerNeuralOperator,
    TransformerNeuralOperatorConfig,
    Transolver,
    TransolverConfig,
    ViTNeuralOperator,
    ViTNeuralOperatorConfig,
    Volt,
    VoltConfig,
    VoltField,
    VoltFieldConfig,
    VoltSegmentor,
    VoltSegmentorConfig,
    VoxelTeacher,
    VoxelTeacherConfig,
)
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.reading import (
    case_from_dataset,
    iter_cases,
    iter_series,
    read_case,
    read_cases,
    read_series,
)
from graphformers.physics.series_store import SeriesStore
from graphformers.physics.splits import (
    Split,
    families_by_name,
    split_by_case,
    split_by_family,
    split_by_range,
)
from graphformers.physics.stepper import Stepper, StepperConfig
from graphformers.physics.surrogate import Surrogate, SurrogateConfig
from graphformers.physics.vector_calculus import curl, divergence

__all__ = [
    "ABUPT",
    "ABUPTConfig",
    "ABUPTField",
    "ABUPTFieldConfig",
    "AeroUnits",
    "AnchorCache",
    "Branch",
    "FourierAttentionNeuralOperator",
    "FourierAttentionNeuralOperatorConfig",
    "Geometry",
    "GeometryPredictor",
    "GeometrySizes",
    "GridData",
    "MeanSquares",
    "MeshCase",
    "MeshGraphNet",
    "MeshGraphNetConfig",
    "MeshSeries",
    "MeshStore",
    "MeshTransformer",
    "MeshTransformerConfig",
    "Moments",
    "PhysGTO",
    "PhysGTOConfig",
    "PointSet",
    "ReadOptions",
    "RelativeH1",
    "RelativeL2",
    "SeriesStore",
    "Split",
    "Stepper",
    "StepperConfig",
    "StoredCase",
    "Surrogate",
    "SurrogateConfig",
    "TransformerNeuralOperator",
    "TransformerNeuralOperatorConfig",
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
    "bundled_airfoils",
    "case_from_dataset",
    "cell_edges",
    "curl",
    "divergence",
    "families_by_name",
    "field_statistics",
    "iter_cases",
    "iter_series",
    "mesh_edges",
    "read_case",
    "read_cases",
    "read_grids",
    "read_series",
    "sample_surface",
    "sample_volume",
    "split_by_case",
    "split_by_family",
    "split_by_range",
]
