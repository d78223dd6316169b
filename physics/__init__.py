"""Meshes and their files, surrogates for physical fields on them, and pictures of both."""

from graphformers.physics.bundled import bundled_airfoils
from graphformers.physics.edges import cell_edges, mesh_edges
from graphformers.physics.field_statistics import Moments, field_statistics
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.mesh_store import MeshStore, StoredCase
from graphformers.physics.models import (
    MeshGraphNet,
    MeshGraphNetConfig,
    PhysGTO,
    PhysGTOConfig,
    Transolver,
    TransolverConfig,
)
from graphformers.physics.reading import ReadOptions, case_from_dataset, read_case, read_cases
from graphformers.physics.surrogate import Surrogate, SurrogateConfig

__all__ = [
    "MeshCase",
    "MeshGraphNet",
    "MeshGraphNetConfig",
    "MeshStore",
    "Moments",
    "PhysGTO",
    "PhysGTOConfig",
    "ReadOptions",
    "StoredCase",
    "Surrogate",
    "SurrogateConfig",
    "Transolver",
    "TransolverConfig",
    "bundled_airfoils",
    "case_from_dataset",
    "cell_edges",
    "field_statistics",
    "mesh_edges",
    "read_case",
    "read_cases",
]
