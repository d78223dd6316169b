"""GPS: a general, powerful, scalable graph transformer."""

from graphformers.models.gps.attention import BigBirdConfig, FullAttentionConfig, PerformerConfig
from graphformers.models.gps.config import GPSConfig
from graphformers.models.gps.inputs import (
    EigenvectorConfig,
    FrequencyMLPConfig,
    FrequencyTransformerConfig,
    RandomWalkConfig,
    SignNetConfig,
    StableConfig,
)
from graphformers.models.gps.local import (
    GATConfig,
    GatedGCNConfig,
    GCNConfig,
    GENConfig,
    GINConfig,
    GINEConfig,
    PNAConfig,
)
from graphformers.models.gps.model import GPS

__all__ = [
    "GPS",
    "BigBirdConfig",
    "EigenvectorConfig",
    "FrequencyMLPConfig",
    "FrequencyTransformerConfig",
    "FullAttentionConfig",
    "GATConfig",
    "GCNConfig",
    "GENConfig",
    "GINConfig",
    "GINEConfig",
    "GPSConfig",
    "GatedGCNConfig",
    "PNAConfig",
    "PerformerConfig",
    "RandomWalkConfig",
    "SignNetConfig",
    "StableConfig",
]
