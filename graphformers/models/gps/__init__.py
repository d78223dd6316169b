"""GPS: a general, powerful, scalable graph transformer."""

from graphformers.models.gps.config import GatedGCNConfig, GINEConfig, GPSConfig
from graphformers.models.gps.inputs import (
    CategoricalFeatures,
    EigenvectorConfig,
    FrequencyMLPConfig,
    FrequencyTransformerConfig,
    NoFeatures,
    NumericFeatures,
    RandomWalkConfig,
)
from graphformers.models.gps.model import GPS
from graphformers.models.gps.outputs import GraphHeadConfig, HalvingHeadConfig, NodeHeadConfig

__all__ = [
    "GPS",
    "CategoricalFeatures",
    "EigenvectorConfig",
    "FrequencyMLPConfig",
    "FrequencyTransformerConfig",
    "GINEConfig",
    "GPSConfig",
    "GatedGCNConfig",
    "GraphHeadConfig",
    "HalvingHeadConfig",
    "NoFeatures",
    "NodeHeadConfig",
    "NumericFeatures",
    "RandomWalkConfig",
]
