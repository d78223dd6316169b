"""One layer of the graph transformer with edge features."""

from collections.abc import Callable
from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern
from graphformers.layers.edge_attention import EdgeAttention
from graphformers.layers.local_layer import LocalLayer
from graphformers.layers.normalization import BatchNorm
from graphformers.layers.post_norm_update import PostNormUpdate


@final
class GraphTransformerBlock(LocalLayer):
    r"""Attention along edges, then a post-norm update for the nodes and one for the edges.

    .. math:: (o, s) = \mathrm{Attention}(x, e), \qquad
              x' = \mathrm{Update}_x(x, o), \qquad e' = \mathrm{Update}_e(e, s)

    with the scores :math:`s` of ``EdgeAttention`` before their exponential, and ``PostNormUpdate``.

    Source: Dwivedi and Bresson 2020, arXiv:2012.09699, eq. 11 to 20.
    """

    def __init__(
        self,
        attention: EdgeAttention,
        *,
        dropout: float = 0.0,
        norm: Callable[[int], nn.Module] = BatchNorm,
        residual: bool = True,
    ):
        super().__init__()
        dim = attention.dim
        self.attention = attention
        self.nodes = PostNormUpdate(dim, dropout=dropout, norm=norm, residual=residual)
        self.edges = PostNormUpdate(dim, dropout=dropout, norm=norm, residual=residual)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        edge: Float[Tensor, "edges dim"],
        pattern: SparsePattern,
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges dim"]]:
        """New node and edge features."""
        attended, score = self.attention(x, edge, pattern)
        return self.nodes(x, attended), self.edges(edge, score)
