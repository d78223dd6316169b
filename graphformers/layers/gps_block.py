"""Message passing and attention side by side."""

from typing import cast, final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import ConfigError, ShapeError
from graphformers.kernels import SparsePattern
from graphformers.layers.global_layer import GlobalLayer, GraphLayout
from graphformers.layers.local_layer import LocalLayer
from graphformers.layers.mlp import Activation, activation_function
from graphformers.layers.normalization import BatchNorm
from graphformers.layers.perceptron import perceptron
from graphformers.layers.stable_layer import StableLayer


@final
class GPSBlock(nn.Module):
    r"""One layer of a general, powerful, scalable graph transformer.

    .. math::
        x^L, e' &= \mathrm{Local}(x, e) \\
        h &= \mathrm{BN}(x^L) + \mathrm{BN}(x + \mathrm{Drop}(\mathrm{Attention}(x))) \\
        x' &= \mathrm{BN}\bigl(h + \mathrm{Drop}(W_2\, \mathrm{Drop}(a(W_1 h)))\bigr)

    Both branches read the block's input, and either may be left out; the feed-forward part is twice
    as wide.

    Source: Rampášek et al. 2022, arXiv:2205.12454, section 3 and its implementation.
    """

    def __init__(
        self,
        dim: int,
        local: LocalLayer | StableLayer | None,
        attention: GlobalLayer | None,
        *,
        dropout: float = 0.0,
        activation: Activation = "relu",
    ):
        super().__init__()
        if local is None and attention is None:
            raise ConfigError("a block needs a local layer or an attention; got neither")
        self.local = local
        self.attention = attention
        self.local_norm = None if local is None else BatchNorm(dim)
        self.attention_norm = None if attention is None else BatchNorm(dim)
        self.widen = nn.Linear(dim, 2 * dim)
        self.narrow = nn.Linear(2 * dim, dim)
        self.output_norm = BatchNorm(dim)
        self.activation = activation_function(activation)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        edge: Float[Tensor, "edges edge_dim"],
        edges: SparsePattern,
        graphs: GraphLayout,
        *,
        bias: Float[Tensor, "..."] | None = None,
        distance: Float[Tensor, " edges"] | None = None,
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges edge_dim"]]:
        """New node and edge features; ``graphs`` is the layout of the attention.

        ``bias`` goes to the attention, ``distance`` to a ``StableLayer``.
        """
        branches = []
        if self.local is not None and self.local_norm is not None:
            local, edge = self._pass_messages(x, edge, edges, distance)
            branches.append(self.local_norm(local))
        if self.attention is not None and self.attention_norm is not None:
            attended = x + self.dropout(self.attention(x, graphs, bias))
            branches.append(self.attention_norm(attended))
        merged = branches[0] if len(branches) == 1 else branches[0] + branches[1]
        return self.output_norm(merged + self._feed_forward(merged)), edge

    def _pass_messages(
        self, x: Tensor, edge: Tensor, edges: SparsePattern, distance: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        if not isinstance(self.local, StableLayer):
            return cast(LocalLayer, self.local)(x, edge, edges)
        if distance is None:
            raise ShapeError("the local layer reads a distance for every edge; got none")
        return self.local(x, edge, edges, distance)

    def _feed_forward(self, x: Tensor) -> Tensor:
        if self.training and self.dropout.p > 0:
            return self.dropout(self.narrow(self.dropout(self.activation(self.widen(x)))))
        return perceptron(x, self.widen, self.narrow, self.activation)
