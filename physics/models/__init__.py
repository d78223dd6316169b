"""Models of fields on meshes."""

from graphformers.physics.models.physgto import (
    PhysGTO,
    PhysGTOConfig,
    StaticTask,
    TransientTask,
)

__all__ = ["PhysGTO", "PhysGTOConfig", "StaticTask", "TransientTask"]
