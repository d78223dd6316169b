"""Network that reads random-walk encodings."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.layers.mlp import encoder_mlp
from graphformers.layers.normalization import BatchNorm


@final
class RandomWalkEncoder(nn.Module):
    """Return probabilities of random walks to node features.

    With ``mlp_layers`` 0 a single linear map; otherwise an MLP with ReLU after every layer.
    ``raw_norm`` batch-normalises the probabilities first.

    Source: Dwivedi et al. 2022, arXiv:2110.07875; Rampášek et al. 2022, arXiv:2205.12454.
    """

    def __init__(self, steps: int, dim: int, *, mlp_layers: int = 0, raw_norm: bool = True):
        super().__init__()
        self.steps = steps
        self.raw_norm = BatchNorm(steps) if raw_norm else nn.Identity()
        self.network = encoder_mlp(steps, dim, mlp_layers) if mlp_layers else nn.Linear(steps, dim)

    def forward(self, probabilities: Float[Tensor, "nodes steps"]) -> Float[Tensor, "nodes dim"]:
        """Encode every node."""
        return self.network(self.raw_norm(probabilities))
