"""Transolver: points gathered softly into slices, attention among the slices."""

from graphformers.physics.models.transolver.config import TransolverConfig
from graphformers.physics.models.transolver.model import Transolver

__all__ = ["Transolver", "TransolverConfig"]
