"""Multi-layer perceptron with an optional LayerNorm at its end."""

from collections.abc import Callable

from torch import nn

Activation = Callable[[], nn.Module]


class Perceptron(nn.Sequential):
    """Linear layers with an activation between them, then LayerNorm when asked for.

    ``dim_in -> hidden -> ... -> hidden -> dim_out`` with ``hidden_layers`` layers of width
    ``hidden``; none of them leaves a single linear map.
    """

    def __init__(
        self,
        dim_in: int,
        dim_out: int,
        *,
        hidden: int,
        hidden_layers: int = 1,
        activation: Activation = nn.SiLU,
        layer_norm: bool = False,
    ):
        widths = [dim_in, *[hidden] * hidden_layers]
        layers: list[nn.Module] = []
        for narrow, wide in zip(widths, widths[1:], strict=False):
            layers += [nn.Linear(narrow, wide), activation()]
        layers.append(nn.Linear(widths[-1], dim_out))
        if layer_norm:
            layers.append(nn.LayerNorm(dim_out))
        super().__init__(*layers)
