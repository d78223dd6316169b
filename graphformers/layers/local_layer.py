"""What every message-passing layer has in common."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern, segment_broadcast


class LocalLayer(nn.Module, ABC):
    """Message passing along edges which may change nodes and edges; residuals are inside."""

    @abstractmethod
    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        edge: Float[Tensor, "edges dim"],
        pattern: SparsePattern,
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges dim"]]:
        """New node and edge features; ``edge`` follows the caller's order of the edges."""


def at_sources(x: Float[Tensor, "nodes ..."], pattern: SparsePattern) -> Float[Tensor, "edges ..."]:
    """Value of every edge's source, in the caller's order of the edges."""
    return segment_broadcast(x, pattern.transposed.row_ptr, pattern.transposed.edge)


def at_targets(x: Float[Tensor, "nodes ..."], pattern: SparsePattern) -> Float[Tensor, "edges ..."]:
    """Value of every edge's target, in the caller's order of the edges."""
    return segment_broadcast(x, pattern.row_ptr, pattern.edge)
