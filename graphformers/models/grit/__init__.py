"""GRIT: a graph transformer without message passing, on features of pairs."""

from graphformers.models.grit.config import GRITConfig
from graphformers.models.grit.model import GRIT

__all__ = ["GRIT", "GRITConfig"]
