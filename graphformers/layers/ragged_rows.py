"""Rows of ragged graphs, one graph after the other."""

from collections.abc import Iterator

from jaxtyping import Float, Int
from torch import Tensor


class RaggedRows:
    """Where each graph of a batch begins, for operations that take one graph at a time.

    Nothing is padded: time and memory follow the nodes, however unequal the graphs are. The sizes
    are read back from the device once per batch.
    """

    def __init__(self, ptr: Int[Tensor, " graphs_plus_1"]):
        self.sizes: list[int] = ptr.diff().tolist()

    def split(self, rows: Float[Tensor, " nodes *rest"]) -> Iterator[Float[Tensor, " size *rest"]]:
        """The rows of each graph."""
        return iter(rows.split(self.sizes))
