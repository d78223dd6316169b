"""Volt: voxels cut into patches, every patch a token, full attention among them."""

from graphformers.physics.models.volt.config import (
    VoltConfig,
    VoltFieldConfig,
    VoltSegmentorConfig,
)
from graphformers.physics.models.volt.field import VoltField
from graphformers.physics.models.volt.model import Volt
from graphformers.physics.models.volt.segmentor import VoltSegmentor
from graphformers.physics.models.volt.teacher import VoxelTeacher, VoxelTeacherConfig

__all__ = [
    "Volt",
    "VoltConfig",
    "VoltField",
    "VoltFieldConfig",
    "VoltSegmentor",
    "VoltSegmentorConfig",
    "VoxelTeacher",
    "VoxelTeacherConfig",
]
