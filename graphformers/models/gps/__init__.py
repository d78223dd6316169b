"""GPS: a general, powerful, scalable graph transformer."""

from graphformers.models.gps.attention import BigBirdConfig, FullAttentionConfig, PerformerConfig
from graphformers.models.gps.config import GPSConfig
from graphformers.models.gps.graphormer import GraphormerConfig
from graphformers.models.gps.inputs import (
    EigenvectorConfig,
    ElectrostaticConfig,
    FrequencyMLPConfig,
    FrequencyTransformerConfig,
    HeatKernelConfig,
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
    "ElectrostaticConfig",
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
    "GraphormerConfig",
    "HeatKernelConfig",
    "PNAConfig",
    "PerformerConfig",
    "RandomWalkConfig",
    "SignNetConfig",
    "StableConfig",
]
