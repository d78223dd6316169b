"""A linear map of an edge and what stands at its two ends."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from graphformers.kernels import SparsePattern, edge_sum


@final
class EdgeLinear(nn.Linear):
    r"""One linear map of the concatenation of source, target and edge.

    .. math:: y_e = W\,[x_{s(e)}, x_{t(e)}, e] + b

    It is linear in its three parts: the two of the nodes are mapped before they are gathered, so
    that no ``(edges, 2 node_dim + edge_dim)`` tensor exists and their products cost nodes instead
    of edges.
    """

    def __init__(self, node_dim: int, edge_dim: int, out: int):
        super().__init__(2 * node_dim + edge_dim, out)
        self.sizes = [node_dim, node_dim, edge_dim]

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        x: Float[Tensor, "nodes node_dim"],
        edges: Float[Tensor, "edges edge_dim"],
        pattern: SparsePattern,
    ) -> Float[Tensor, "edges out"]:
        """Map every edge; rows follow the caller's edge order."""
        source, target, edge = self.weight.split(self.sizes, dim=1)
        of_edge = linear(edges, edge, self.bias)
        return edge_sum(linear(x, target), linear(x, source), of_edge, pattern)
