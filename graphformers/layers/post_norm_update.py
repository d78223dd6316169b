"""Taking in an update: residual, normalisation, feed-forward."""

from collections.abc import Callable
from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.layers.mlp import Activation, activation_function
from graphformers.layers.normalization import BatchNorm


@final
class PostNormUpdate(nn.Module):
    r"""Rows take in an update and pass a feed-forward part, normalised after each.

    .. math::
        h &= \mathrm{Norm}(x + W_o\, \mathrm{Drop}(u)) \\
        x' &= \mathrm{Norm}\bigl(h + W_2\, \mathrm{Drop}(a(W_1 h))\bigr)

    The feed-forward part is twice as wide. ``norm`` makes a normalisation of the given width;
    ``residual=False`` leaves :math:`x` and :math:`h` out of the sums.

    Source: Vaswani et al. 2017, arXiv:1706.03762; on graphs Dwivedi and Bresson 2020,
    arXiv:2012.09699.
    """

    def __init__(
        self,
        dim: int,
        *,
        dropout: float = 0.0,
        activation: Activation = "relu",
        norm: Callable[[int], nn.Module] = BatchNorm,
        residual: bool = True,
    ):
        super().__init__()
        self.residual = residual
        self.output = nn.Linear(dim, dim)
        self.update_norm = norm(dim)
        self.widen = nn.Linear(dim, 2 * dim)
        self.narrow = nn.Linear(2 * dim, dim)
        self.output_norm = norm(dim)
        self.activation = activation_function(activation)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Float[Tensor, "rows dim"], update: Float[Tensor, "rows dim"]
    ) -> Float[Tensor, "rows dim"]:
        """New rows."""
        x = self.update_norm(self._sum(x, self.output(self.dropout(update))))
        hidden = self.dropout(self.activation(self.widen(x)))
        return self.output_norm(self._sum(x, self.narrow(hidden)))

    def _sum(self, x: Tensor, change: Tensor) -> Tensor:
        return x + change if self.residual else change
