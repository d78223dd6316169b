"""Graphs of equal size side by side, as dense matrices."""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch

ENTRIES_AT_A_TIME = 1 << 22  # of all the dense matrices that are worked on together
MOST_NODES = 10_000  # of one graph: its matrix takes 800 MB in double precision


def equal_sizes(
    graphs: GraphBatch, chosen: Int[Tensor, " chosen"] | None = None
) -> Iterator[tuple[GraphBatch, Int[Tensor, "alike size"]]]:
    """Graphs with the same number of nodes, as many as memory should hold, and their nodes.

    Of all graphs or of the ``chosen``; those without nodes are left out. Raises ``DataError`` for
    graphs too large for a dense matrix.
    """
    sizes = graphs.ptr.diff()
    if chosen is None:
        chosen = torch.arange(len(graphs), device=sizes.device)
    for size in sizes[chosen].unique().tolist():
        if size == 0:
            continue
        if size > MOST_NODES:
            raise DataError(
                f"a dense matrix is made for at most {MOST_NODES:,} nodes; got a graph with "
                f"{size:,} nodes, whose matrix would have {size**2:,} entries. Take an encoding "
                "that needs none, such as RandomWalk"
            )
        for alike in chosen[sizes[chosen] == size].split(max(1, ENTRIES_AT_A_TIME // size**2)):
            nodes = graphs.ptr[alike].unsqueeze(1) + torch.arange(size).to(alike)
            yield graphs.select(alike), nodes


def edge_counts(graphs: GraphBatch) -> Float[Tensor, "graphs size size"]:
    """Number of edges from node to node, [graph, source, target], of graphs of one size."""
    size = graphs.num_nodes // len(graphs)
    source, target = graphs.edge_index
    counts = torch.zeros(len(graphs), size, size, device=source.device)
    ones = torch.ones(source.shape[0], device=source.device)
    where = (graphs.edge_graph, source % size, target % size)
    return counts.index_put_(where, ones, accumulate=True)


def symmetric_adjacency(graphs: GraphBatch) -> Float[Tensor, "graphs size size"]:
    """The larger count of the two directions, without self-loops."""
    counts = edge_counts(graphs)
    counts.diagonal(dim1=1, dim2=2).zero_()
    return torch.maximum(counts, counts.mT)
