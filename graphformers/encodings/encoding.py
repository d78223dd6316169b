"""What every encoding of nodes, and every encoding of pairs of nodes, has in common."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from torch import Tensor

from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern


@runtime_checkable
class Encoding(Protocol):
    """Features of nodes that follow from the edges of a graph alone.

    An encoding is a frozen dataclass of its settings: equal settings give equal values. A field
    that says how to compute, not what, is left out of the comparison.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Names its tensors get in ``GraphBatch.encodings``."""
        ...

    @property
    def channels(self) -> int:
        """Numbers per node in each of its tensors."""
        ...

    def compute(self, graphs: GraphBatch) -> Mapping[str, Tensor]:
        """One tensor (nodes, channels) per name."""
        ...


@runtime_checkable
class PairEncoding(Protocol):
    """Features of ordered pairs of nodes that follow from the edges of a graph alone.

    A frozen dataclass of its settings, as an ``Encoding`` is.
    """

    @property
    def name(self) -> str:
        """Name its tensor gets in ``GraphBatch.pair_encodings``."""
        ...

    def compute(self, graphs: GraphBatch, pattern: SparsePattern | None = None) -> Tensor:
        """(pairs, channels) or (pairs,), in the edge order of ``graphs.pairs`` or ``pattern``."""
        ...


def names_of(encoding: object) -> tuple[str, ...]:
    """Names of the tensors an encoding of either kind gives; none for anything else."""
    if isinstance(encoding, PairEncoding):
        return (encoding.name,)
    return encoding.names if isinstance(encoding, Encoding) else ()
