"""Message passing and attention side by side."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern
from graphformers.layers.graph_attention import GraphAttention
from graphformers.layers.local_layer import LocalLayer
from graphformers.layers.mlp import Activation, activation_function
from graphformers.layers.normalization import BatchNorm
from graphformers.layers.padded_rows import PaddedRows


@final
class GPSBlock(nn.Module):
    r"""One layer of a general, powerful, scalable graph transformer.

    .. math::
        x^L, e' &= \mathrm{Local}(x, e) \\
        h &= \mathrm{BN}(x^L) + \mathrm{BN}(x + \mathrm{Drop}(\mathrm{Attention}(x))) \\
        x' &= \mathrm{BN}\bigl(h + \mathrm{Drop}(W_2\, \mathrm{Drop}(a(W_1 h)))\bigr)

    Both branches read the block's input; the feed-forward part is twice as wide.

    Source: Rampášek et al. 2022, arXiv:2205.12454, section 3 and its implementation.
    """

    def __init__(
        self,
        local: LocalLayer,
        attention: GraphAttention,
        *,
        dropout: float = 0.0,
        activation: Activation = "relu",
    ):
        super().__init__()
        dim = attention.dim
        self.local = local
        self.attention = attention
        self.local_norm = BatchNorm(dim)
        self.attention_norm = BatchNorm(dim)
        self.widen = nn.Linear(dim, 2 * dim)
        self.narrow = nn.Linear(2 * dim, dim)
        self.output_norm = BatchNorm(dim)
        self.activation = activation_function(activation)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        edge: Float[Tensor, "edges dim"],
        edges: SparsePattern,
        graphs: SparsePattern | PaddedRows,
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges dim"]]:
        """New node and edge features; ``graphs`` is the layout of the attention."""
        local, edge = self.local(x, edge, edges)
        attended = x + self.dropout(self.attention(x, graphs))
        merged = self.local_norm(local) + self.attention_norm(attended)
        return self.output_norm(merged + self._feed_forward(merged)), edge

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.narrow(self.dropout(self.activation(self.widen(x)))))
