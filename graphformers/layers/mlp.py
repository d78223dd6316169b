"""Multi-layer perceptrons."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.errors import ConfigError, check_known
from graphformers.layers.perceptron import perceptron

Activation = Literal["relu", "gelu", "silu", "tanh"]

_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
}


def activation_function(name: Activation) -> Callable[[Tensor], Tensor]:
    """The function with this name; raises ``ConfigError`` for an unknown one."""
    check_known(name, _FUNCTIONS, "no activation")
    return _FUNCTIONS[name]


class MLP(nn.Module):
    r"""Linear layers with an activation between them.

    .. math:: y = W_n\, a(W_{n-1} \cdots a(W_1 x))

    ``widths`` names every width from input to output; ``activate_last`` also activates the output.
    """

    def __init__(
        self, widths: Sequence[int], activation: Activation = "relu", activate_last: bool = False
    ):
        super().__init__()
        if len(widths) < 2:
            raise ConfigError(f"an MLP needs an input and an output width; got {tuple(widths)}")
        self.layers = nn.ModuleList(
            nn.Linear(width, following) for width, following in pairwise(widths)
        )
        self.activation = activation_function(activation)
        self.activate_last = activate_last

    def forward(self, x: Float[Tensor, "... dim"]) -> Float[Tensor, "... out"]:
        """Apply the layers to the last axis."""
        last = len(self.layers) - 1
        if last == 1 and x.ndim == 2 and not self.activate_last:
            first, second = (cast(nn.Linear, layer) for layer in self.layers)
            return perceptron(x, first, second, self.activation)
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number < last or self.activate_last:
                x = self.activation(x)
        return x


def encoder_mlp(dim_in: int, dim: int, layers: int) -> MLP:
    """MLP of the encoding networks: hidden width ``2 dim``, ReLU after every layer, the last too.

    Source: Rampášek et al. 2022, arXiv:2205.12454, and the configuration of its encoders.
    """
    if layers < 1:
        raise ConfigError(f"an encoder MLP needs at least one layer; got {layers}")
    return MLP([dim_in, *[2 * dim] * (layers - 1), dim], activate_last=True)
