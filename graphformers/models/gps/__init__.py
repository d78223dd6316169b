"""GPS: a general, powerful, scalable graph transformer."""

from graphformers.models.gps.config import GatedGCNConfig, GINEConfig, GPSConfig
from graphformers.models.gps.inputs import (
    EigenvectorConfig,
    FrequencyMLPConfig,
    FrequencyTransformerConfig,
    RandomWalkConfig,
)
from graphformers.models.gps.model import GPS

__all__ = [
    "GPS",
    "EigenvectorConfig",
    "FrequencyMLPConfig",
    "FrequencyTransformerConfig",
    "GINEConfig",
    "GPSConfig",
    "GatedGCNConfig",
    "RandomWalkConfig",
]
