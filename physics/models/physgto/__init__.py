"""PhysGTO: message passing on mesh edges and attention through learned tokens, block by block."""

from graphformers.physics.models.physgto.config import PhysGTOConfig
from graphformers.physics.models.physgto.model import PhysGTO

__all__ = ["PhysGTO", "PhysGTOConfig"]
