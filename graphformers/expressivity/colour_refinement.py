"""Colour refinement (1-WL), by exact bookkeeping."""

from collections.abc import Hashable, Sequence

from graphformers.expressivity.graph_set import single_graphs
from graphformers.graph_batch import GraphBatch

Names = dict[Hashable, int]


def one_wl_colours(graphs: GraphBatch) -> list[Hashable]:
    r"""What message passing can see of every graph: graphs with equal colours it confuses.

    .. math:: c_i^{t+1} = \bigl(c_i^t, \{\!\{ c_j^t : j \to i \}\!\}\bigr), \qquad c_i^0 = x_i

    No hashing: a colour is the number of its place in a table all graphs share.

    Source: Weisfeiler and Leman 1968; Xu et al. 2019, arXiv:1810.00826.
    """
    initial = [types.tolist() for types, _ in single_graphs(graphs)]
    return refined_colours(graphs, initial)


def refined_colours(graphs: GraphBatch, initial: Sequence[Sequence[Hashable]]) -> list[Hashable]:
    """The same, from any first colours of the nodes of every graph."""
    names: Names = {}
    result: list[Hashable] = []
    for (_, (size, edges)), first in zip(single_graphs(graphs), initial, strict=True):
        incoming: list[list[int]] = [[] for _ in range(size)]
        for source, target in edges.mT.tolist():
            incoming[target].append(source)
        result.append(_stable(first, incoming, names))
    return result


def _stable(
    initial: Sequence[Hashable], incoming: Sequence[Sequence[int]], names: Names
) -> Hashable:
    """The colours of one graph, sorted, one round after they stopped splitting.

    That round describes how the classes are joined, so graphs that agree in it agree for ever.
    """
    colours = [names.setdefault(("first", one), len(names)) for one in initial]
    while True:
        described = [
            (own, tuple(sorted(colours[one] for one in sources)))
            for own, sources in zip(colours, incoming, strict=True)
        ]
        refined = [names.setdefault(one, len(names)) for one in described]
        if len(set(refined)) == len(set(colours)):
            return tuple(sorted(refined))
        colours = refined
