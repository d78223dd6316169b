"""Taking in what attention gives: residual and normalisation, then feed-forward."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


@final
class OperatorUpdate(nn.Module):
    r"""The rest of a transformer layer, at every point by itself.

    .. math:: h = \mathrm{LN}(x + u), \qquad x' = \mathrm{LN}(h + W_2\, \mathrm{GELU}(W_1 h))

    with dropout on :math:`u` and on the feed-forward branch.

    Source: Calvello et al. 2024, arXiv:2406.06486. Published programs drop once more inside the
    feed-forward part of their two-dimensional models.
    """

    def __init__(self, dim: int, hidden: int, dropout: float):
        super().__init__()
        self.attention_norm = nn.LayerNorm(dim)
        self.widen = nn.Linear(dim, hidden)
        self.narrow = nn.Linear(hidden, dim)
        self.output_norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Float[Tensor, "*points dim"], update: Float[Tensor, "*points dim"]
    ) -> Float[Tensor, "*points dim"]:
        """New values at every point."""
        x = self.attention_norm(x + self.dropout(update))
        return self.output_norm(x + self.dropout(self.narrow(F.gelu(self.widen(x)))))
