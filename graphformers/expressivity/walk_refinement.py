"""What probabilities of random walks add to colour refinement, in exact arithmetic."""

from collections.abc import Hashable

import numpy as np

from graphformers.expressivity.colour_refinement import refined_colours
from graphformers.expressivity.colours import Colours, count, gathered, mixed, ordered
from graphformers.expressivity.graph_set import Edges, single_graphs
from graphformers.graph_batch import GraphBatch

PRIMES = (4_194_301, 4_194_287)  # below 2^22: sums of products of 512 nodes are exact in float64
_LARGEST = 512


def walk_colours(edges: Edges, steps: int) -> Colours:
    r"""A colour (size, size) of every pair, equal where all walk probabilities are equal.

    .. math:: r_{ij} = \bigl[I, P, P^2, \dots, P^K\bigr]_{ij}, \qquad P = D^{-1} A

    The probabilities are fractions. They are computed modulo two primes, where equal fractions are
    equal without rounding and different ones are in all but about one of :math:`10^{13}` cases.
    Raises ``ValueError`` beyond 512 nodes.
    """
    size, index = edges
    if size > _LARGEST:
        raise ValueError(f"exact walk probabilities are computed up to 512 nodes; got {size}")
    adjacency = np.zeros((size, size))
    source, target = index.numpy()
    np.add.at(adjacency, (source, target), 1.0)
    colours = np.eye(size, dtype=np.uint64)
    for prime in PRIMES:
        degrees = adjacency.sum(axis=1).astype(np.int64).tolist()
        inverse = np.array([pow(one, -1, prime) if one else 0 for one in degrees], dtype=float)
        step = np.mod(inverse[:, None] * adjacency, prime)
        power = np.eye(size)
        for _ in range(steps):
            power = np.mod(power @ step, prime)
            colours = ordered(colours, power.astype(np.uint64))
    return colours


def return_walk_colours(graphs: GraphBatch, steps: int) -> list[Hashable]:
    """Colour refinement that starts from node types and the walks that return (RWSE).

    What message passing, and attention without pair features, can see with that encoding.
    """
    initial = [
        list(zip(types.tolist(), np.diagonal(walk_colours(edges, steps)).tolist(), strict=True))
        for types, edges in single_graphs(graphs)
    ]
    return refined_colours(graphs, initial)


def relative_walk_colours(graphs: GraphBatch, steps: int) -> list[Hashable]:
    r"""Colour refinement over all pairs of nodes, which carry their walk probabilities (RRWP).

    .. math:: c_i^{t+1} = \bigl(c_i^t, \{\!\{ (c_j^t, r_{ij}, r_{ji}) : j \in V \}\!\}\bigr),
              \qquad c_i^0 = (x_i, \deg i, r_{ii})

    An upper bound of GRIT, PPGT and every attention whose pair features follow from these
    probabilities and from the two nodes.

    Source: GD-WL, Zhang et al. 2023, arXiv:2301.09505; Ma et al. 2023, arXiv:2305.17589.
    """
    result: list[Hashable] = []
    for types, edges in single_graphs(graphs):
        walks = walk_colours(edges, steps)
        degrees = np.bincount(edges[1][1].numpy(), minlength=edges[0]).astype(np.uint64)
        own = ordered(types.numpy().astype(np.uint64), degrees)
        result.append(_stable(ordered(own, np.diagonal(walks)), ordered(walks, walks.T)))
    return result


def _stable(colours: Colours, pairs: Colours) -> Hashable:
    while True:
        seen = gathered(ordered(pairs, mixed(colours)[None, :]), axis=1)
        refined = ordered(colours, seen)
        if count(refined) == count(colours):
            return int(gathered(refined, axis=0))
        colours = refined
