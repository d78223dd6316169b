"""The patch operator whose queries, keys and values are made of the Fourier modes of a patch."""

from typing import final

from torch import nn

from graphformers.models.official_weights import Checkpoint
from graphformers.physics.models.continuum.config import FourierAttentionNeuralOperatorConfig
from graphformers.physics.models.continuum.official import fourier_layout, from_official_layout
from graphformers.physics.models.continuum.patch_operator import PatchOperator


@final
class FourierAttentionNeuralOperator(PatchOperator[FourierAttentionNeuralOperatorConfig]):
    """A patch operator with a linear lift and spectral layers as projections.

    Queries, keys and values come from one transform of the patch. Weights grow with the number of
    modes: width 32 with 9 by 9 modes has six million.

    Source: Calvello et al. 2024, arXiv:2406.06486 (Fourier attention neural operator).
    """

    config_class = FourierAttentionNeuralOperatorConfig

    def lift_layer(self, dim_in: int) -> nn.Module:
        """A linear map at every point."""
        return nn.Linear(dim_in, self.config.dim)

    def projection_layer(self) -> nn.Module:
        """A spectral layer in each patch."""
        dim = self.config.dim
        scale = self.config.heads / dim**2  # published programs draw head by head
        return self.spectral_layer(dim, 3 * dim, self.config.modes, scale)

    @classmethod
    def from_official(
        cls, state_dict: Checkpoint, config: FourierAttentionNeuralOperatorConfig
    ) -> "FourierAttentionNeuralOperator":
        """The model with weights in the layout of the published programs, in evaluation mode.

        Raises ``ModelFileError`` with the names that are missing, unknown or of another shape.
        """
        model = cls(config)
        weights = from_official_layout(state_dict, fourier_layout(config), model)
        model.load_state_dict(weights)
        return model.eval()
