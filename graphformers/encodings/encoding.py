"""What every encoding has in common, and computing them over a whole data set."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from graphformers.graph_batch import GraphBatch

NODES_AT_A_TIME = 1 << 13  # bounds the working memory; one larger graph goes alone


@runtime_checkable
class Encoding(Protocol):
    """Features that follow from the edges of a graph alone."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names its tensors get in ``GraphBatch.encodings``."""
        ...

    def compute(self, graphs: GraphBatch) -> Mapping[str, Tensor]:
        """One tensor per name, with a row per node."""
        ...


def encode(
    graphs: GraphBatch,
    encodings: Sequence[Encoding],
    progress: Callable[[int, int], None] | None = None,
) -> GraphBatch:
    """Compute encodings for every graph, beside those the batch has already.

    Works through the graphs in order, a bounded number of nodes at a time, and calls ``progress``
    with the number of graphs done and of all graphs.
    """
    topology = GraphBatch(
        x=graphs.x.new_zeros(graphs.num_nodes, 0), edge_index=graphs.edge_index, ptr=graphs.ptr
    )
    parts: dict[str, list[Tensor]] = {name: [] for one in encodings for name in one.names}
    for first, last in _stretches(graphs.ptr):
        stretch = topology.select(range(first, last))
        for encoding in encodings:
            for name, values in encoding.compute(stretch).items():
                parts[name].append(values)
        if progress is not None:
            progress(last, len(graphs))
    computed = {name: torch.cat(values) for name, values in parts.items()}
    return replace(graphs, encodings={**graphs.encodings, **computed})


def _stretches(ptr: Tensor) -> Iterator[tuple[int, int]]:
    """Consecutive graphs, as many as fit; at least one stretch, to give every tensor a shape."""
    starts = ptr.tolist()
    first, graphs = 0, len(starts) - 1
    for last in range(1, graphs):
        if starts[last + 1] - starts[first] > NODES_AT_A_TIME:
            yield first, last
            first = last
    yield first, graphs
