"""Models of fields on meshes."""

from graphformers.physics.models.physgto import PhysGTO, PhysGTOConfig
from graphformers.physics.models.task import StaticTask, TransientTask

__all__ = ["PhysGTO", "PhysGTOConfig", "StaticTask", "TransientTask"]
