"""One layer of GRIT."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern
from graphformers.layers.grit_attention import GRITAttention
from graphformers.layers.mlp import Activation, activation_function
from graphformers.layers.normalization import BatchNorm
from graphformers.layers.perceptron import perceptron


@final
class GRITBlock(nn.Module):
    r"""Attention over pairs, then a feed-forward part for the nodes.

    .. math::
        (x', e') &= \mathrm{Attention}(x, e), \qquad
        h = \mathrm{BN}(x'), \qquad e \leftarrow \mathrm{BN}(e') \\
        x &\leftarrow \mathrm{BN}\bigl(h + W_2\, \mathrm{Drop}(a(W_1 h))\bigr)

    The feed-forward part is twice as wide; pairs have none.

    Source: Ma et al. 2023, arXiv:2305.17589, section 3.3.
    """

    def __init__(
        self, attention: GRITAttention, *, dropout: float = 0.0, activation: Activation = "relu"
    ):
        super().__init__()
        dim = attention.dim
        self.attention = attention
        self.attention_norm = BatchNorm(dim)
        self.pair_norm = BatchNorm(dim)
        self.widen = nn.Linear(dim, 2 * dim)
        self.narrow = nn.Linear(2 * dim, dim)
        self.output_norm = BatchNorm(dim)
        self.activation = activation_function(activation)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        pairs: Float[Tensor, "pairs dim"],
        pattern: SparsePattern,
        log_degree: Float[Tensor, " nodes"],
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "pairs dim"]]:
        """New node and pair features."""
        x, pairs = self.attention(x, pairs, pattern, log_degree)
        x, pairs = self.attention_norm(x), self.pair_norm(pairs)
        return self.output_norm(x + self._feed_forward(x)), pairs

    def _feed_forward(self, x: Tensor) -> Tensor:
        if self.training and self.dropout.p > 0:
            return self.narrow(self.dropout(self.activation(self.widen(x))))
        return perceptron(x, self.widen, self.narrow, self.activation)
