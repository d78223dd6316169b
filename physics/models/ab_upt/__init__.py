"""AB-UPT: anchors attend to each other, and any further point reads them."""

from graphformers.physics.models.ab_upt.cache import AnchorCache
from graphformers.physics.models.ab_upt.config import ABUPTConfig, Branch
from graphformers.physics.models.ab_upt.field import ABUPTField
from graphformers.physics.models.ab_upt.field_config import ABUPTFieldConfig
from graphformers.physics.models.ab_upt.model import ABUPT
from graphformers.physics.models.ab_upt.points import Geometry, PointSet

__all__ = [
    "ABUPT",
    "ABUPTConfig",
    "ABUPTField",
    "ABUPTFieldConfig",
    "AnchorCache",
    "Branch",
    "Geometry",
    "PointSet",
]
