"""Encodings computed as batches are taken."""

from collections.abc import Sequence
from typing import final

from jaxtyping import Int
from torch import Tensor

from graphformers.encodings.encode_graphs import encode
from graphformers.encodings.encoding import Encoding, PairEncoding
from graphformers.graph_batch import GraphBatch, GraphSource


@final
class EncodedSource:
    """Graphs of another source, every batch with its encodings.

    For encodings too large to keep, such as those of pairs: a loader that reads from this source
    computes them in its workers.
    """

    def __init__(self, source: GraphSource, encodings: Sequence[Encoding | PairEncoding]):
        self.source = source
        self.encodings = tuple(encodings)

    def __len__(self) -> int:
        """Number of graphs."""
        return len(self.source)

    def select(self, graphs: Int[Tensor, " selected"] | Sequence[int]) -> GraphBatch:
        """The given graphs as one batch, in the given order, with the encodings."""
        return encode(self.source.select(graphs), self.encodings)
