"""What every message-passing layer has in common."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.kernels import SparsePattern


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
