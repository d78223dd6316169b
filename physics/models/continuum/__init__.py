"""Neural operators with continuum attention: sums over points read as integrals."""

from graphformers.physics.models.continuum.config import (
    FourierAttentionNeuralOperatorConfig,
    TransformerNeuralOperatorConfig,
    ViTNeuralOperatorConfig,
)
from graphformers.physics.models.continuum.fourier import FourierAttentionNeuralOperator
from graphformers.physics.models.continuum.transformer import TransformerNeuralOperator
from graphformers.physics.models.continuum.vision import ViTNeuralOperator

__all__ = [
    "FourierAttentionNeuralOperator",
    "FourierAttentionNeuralOperatorConfig",
    "TransformerNeuralOperator",
    "TransformerNeuralOperatorConfig",
    "ViTNeuralOperator",
    "ViTNeuralOperatorConfig",
]
