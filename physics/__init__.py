"""Meshes and their files, surrogates for physical fields on them, and pictures of both."""

from graphformers.physics.bundled import bundled_airfoils
from graphformers.physics.edges import cell_edges, mesh_edges
from graphformers.physics.field_statistics import Moments, field_statistics
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.mesh_series import MeshSeries
from graphformers.physics.mesh_store import MeshStore, StoredCase
from graphformers.physics.models import (
    MeshGraphNet,
    MeshGraphNetConfig,
    MeshTransformer,
    MeshTransformerConfig,
    PhysGTO,
    PhysGTOConfig,
    Transolver,
    TransolverConfig,
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
from graphformers.physics.stepper import Stepper, StepperConfig
from graphformers.physics.surrogate import Surrogate, SurrogateConfig

__all__ = [
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
    "ReadOptions",
    "SeriesStore",
    "Stepper",
    "StepperConfig",
    "StoredCase",
    "Surrogate",
    "SurrogateConfig",
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
    "bundled_airfoils",
    "case_from_dataset",
    "cell_edges",
    "field_statistics",
    "iter_cases",
    "iter_series",
    "mesh_edges",
    "read_case",
    "read_cases",
    "read_series",
]
