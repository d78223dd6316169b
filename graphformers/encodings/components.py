"""The connected components of a graph as graphs of their own."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.graph_batch import GraphBatch


class Components(NamedTuple):
    """Components one after the other, and which node of the whole each of their nodes is."""

    graphs: GraphBatch
    node: Int[Tensor, " nodes"]


def split_components(graph: GraphBatch, component: Int[Tensor, " nodes"]) -> Components:
    """Take a graph apart, given the number of every node's component."""
    node = component.argsort(stable=True)
    rank = torch.empty_like(node)
    rank[node] = torch.arange(node.shape[0]).to(node)
    edges = component[graph.edge_index[0]].argsort(stable=True)
    ptr = torch.nn.functional.pad(component.bincount().cumsum(0), (1, 0))
    parts = GraphBatch(x=graph.x[node], edge_index=rank[graph.edge_index[:, edges]], ptr=ptr)
    return Components(parts, node)


def merge_eigenpairs(
    parts: Components,
    values: Float[Tensor, "nodes count"],
    vectors: Float[Tensor, "nodes count"],
) -> tuple[Float[Tensor, " count"], Float[Tensor, "nodes count"]]:
    """The smallest eigenvalues of all components together; vectors are zero on other components.

    Columns that components lack are NaN, as are those that all of them lack together.
    """
    ptr, count = parts.graphs.ptr, values.shape[1]
    of_parts = values[ptr[:-1]].flatten()
    chosen = of_parts.argsort(stable=True)[:count]  # NaN comes last
    merged = vectors.new_full(vectors.shape, torch.nan)
    for column, place in enumerate(chosen.tolist()):
        if not of_parts[place].isnan():
            part, column_of_part = divmod(place, count)
            rows = slice(int(ptr[part]), int(ptr[part + 1]))
            merged[:, column] = 0.0
            merged[parts.node[rows], column] = vectors[rows, column_of_part]
    return of_parts[chosen], merged
