"""Heads with GELU and dropout, one row per graph or per node."""

from itertools import pairwise
from typing import final

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.errors import ConfigError
from graphformers.kernels import segment_reduce
from graphformers.layers.heads import Head, Pool
from graphformers.layers.normalization import BatchNorm
from graphformers.layers.truncated_normal import truncated_normal_


@final
class DropoutMLP(nn.Module):
    r"""MLP with dropout before every linear map.

    .. math:: h_0 = \mathrm{Drop}(x), \qquad h_l = \mathrm{Drop}(\mathrm{GELU}(W_l h_{l-1})),
              \qquad y = W_n h_{n-1}

    Hidden rows are as wide as the wider of ``dim`` and ``out``.
    """

    def __init__(self, dim: int, out: int, *, layers: int, dropout: float = 0.0):
        super().__init__()
        if layers < 1:
            raise ConfigError(f"an MLP needs at least one layer; got {layers}")
        widths = [dim, *[max(dim, out)] * (layers - 1)]
        self.hidden = nn.ModuleList(
            nn.Linear(width, following) for width, following in pairwise(widths)
        )
        self.output = nn.Linear(widths[-1], out)
        self.dropout = nn.Dropout(dropout)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw every map anew."""
        for linear in (*self.hidden, self.output):
            truncated_normal_(linear)  # pyright: ignore[reportArgumentType]

    def forward(self, x: Float[Tensor, "rows dim"]) -> Float[Tensor, "rows out"]:
        """Apply to every row."""
        x = self.dropout(x)
        for layer in self.hidden:
            x = self.dropout(F.gelu(layer(x)))
        return self.output(x)


@final
class GELUGraphHead(Head):
    """Pool each graph, batch-normalise if asked to, then a ``DropoutMLP``.

    Source: the ``linear_graph`` head of Ma et al. 2025, arXiv:2504.12588.
    """

    def __init__(
        self,
        dim: int,
        out: int,
        *,
        pool: Pool,
        layers: int = 2,
        dropout: float = 0.0,
        batch_norm: bool = False,
    ):
        super().__init__()
        self.pool: Pool = pool
        self.norm = BatchNorm(dim) if batch_norm else nn.Identity()
        self.mlp = DropoutMLP(dim, out, layers=layers, dropout=dropout)

    def forward(
        self, x: Float[Tensor, "nodes dim"], ptr: Int[Tensor, " graphs_plus_1"]
    ) -> Float[Tensor, "graphs out"]:
        """One prediction per graph."""
        return self.mlp(self.norm(segment_reduce(x, ptr, self.pool)))


@final
class GELUNodeHead(Head):
    """A ``DropoutMLP`` on every node.

    Source: the ``linear_node`` head of Ma et al. 2025, arXiv:2504.12588.
    """

    def __init__(self, dim: int, out: int, *, layers: int = 2, dropout: float = 0.0):
        super().__init__()
        self.mlp = DropoutMLP(dim, out, layers=layers, dropout=dropout)

    def forward(
        self, x: Float[Tensor, "nodes dim"], ptr: Int[Tensor, " graphs_plus_1"]
    ) -> Float[Tensor, "nodes out"]:
        """One prediction per node; ``ptr`` is not needed."""
        return self.mlp(x)
