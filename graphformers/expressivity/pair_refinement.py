"""Colour refinement of pairs of nodes (2-FWL)."""

from collections.abc import Hashable

import numpy as np
from jaxtyping import Int
from torch import Tensor

from graphformers.expressivity.colours import Colours, count, gathered, mixed, ordered
from graphformers.expressivity.graph_set import single_graphs
from graphformers.graph_batch import GraphBatch


def two_fwl_colours(graphs: GraphBatch) -> list[Hashable]:
    r"""A colour of every graph which 2-FWL gives it.

    .. math:: c_{ij}^{t+1} = \bigl(c_{ij}^t, \{\!\{ (c_{ik}^t, c_{kj}^t) : k \in V \}\!\}\bigr),
              \qquad c_{ij}^0 = (A_{ij}, [i = j], x_i, x_j)

    As strong as 3-WL. Attention whose pair features are fixed, or updated from the two nodes alone,
    sees no more when it starts from walk probabilities. Cost grows with the third power of the
    nodes.

    Source: Cai, Fürer and Immerman 1992; Maron et al. 2019, arXiv:1905.11136.
    """
    return [
        _stable(first_pair_colours(types, size, edges))
        for types, (size, edges) in single_graphs(graphs)
    ]


def first_pair_colours(
    types: Int[Tensor, " size"], size: int, edges: Int[Tensor, "2 edges"]
) -> Colours:
    """Colours (size, size) of the pairs before the first round, row = target."""
    source, target = edges.numpy()
    colours = np.zeros((size, size), dtype=np.uint64)
    np.add.at(colours, (target, source), np.uint64(2))
    colours[np.diag_indices(size)] += np.uint64(1)
    own = types.numpy().astype(np.uint64)
    return ordered(ordered(colours, own[:, None]), own[None, :])


def _stable(colours: Colours) -> Hashable:
    while True:
        passed = np.empty_like(colours)
        scrambled = mixed(colours)
        for row in range(len(colours)):
            passed[row] = gathered(ordered(colours[row][:, None], scrambled), axis=0)
        refined = ordered(colours, passed)
        if count(refined) == count(colours):
            return int(gathered(refined.reshape(-1), axis=0))
        colours = refined
