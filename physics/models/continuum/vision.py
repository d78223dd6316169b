"""The patch operator whose queries, keys and values are made point by point."""

from typing import final

from torch import nn

from graphformers.models.official_weights import Checkpoint
from graphformers.physics.models.continuum.config import ViTNeuralOperatorConfig
from graphformers.physics.models.continuum.official import from_official_layout, vision_layout
from graphformers.physics.models.continuum.patch_operator import PatchOperator


@final
class ViTNeuralOperator(PatchOperator[ViTNeuralOperatorConfig]):
    """A patch operator with a spectral lift and linear maps at every point.

    Source: Calvello et al. 2024, arXiv:2406.06486 (ViT neural operator).
    """

    config_class = ViTNeuralOperatorConfig

    def lift_layer(self, dim_in: int) -> nn.Module:
        """A spectral layer in each patch."""
        return self.spectral_layer(dim_in, self.config.dim, self.config.modes)

    def projection_layer(self) -> nn.Module:
        """A linear map at every point."""
        return nn.Linear(self.config.dim, 3 * self.config.dim)

    @classmethod
    def from_official(
        cls, state_dict: Checkpoint, config: ViTNeuralOperatorConfig
    ) -> "ViTNeuralOperator":
        """The model with weights in the layout of the published programs, in evaluation mode.

        Raises ``ModelFileError`` with the names that are missing, unknown or of another shape.
        """
        model = cls(config)
        weights = from_official_layout(state_dict, vision_layout(config), model)
        model.load_state_dict(weights)
        return model.eval()
