"""All edges among the nodes of a sample."""

from dataclasses import replace
from typing import NamedTuple

from jaxtyping import Int
from torch import Tensor

from graphformers.kernels.sampling.graph import CSRGraph
from graphformers.kernels.sampling.neighbors.hop import Frontier, PickedEdges, pick_neighbors
from graphformers.kernels.sampling.numbering.op import Numbering


class NodeSet(NamedTuple):
    """Nodes of one type, in the order of their numbers, and their trees where these are apart."""

    nodes: Int[Tensor, " nodes"]
    trees: Int[Tensor, " nodes"] | None = None


def induced_edges(
    graph: CSRGraph, rows: NodeSet, neighbors: NodeSet
) -> tuple[Int[Tensor, "2 edges"], Int[Tensor, " edges"]]:
    """Every edge between two given nodes, of one tree where trees are apart.

    Returns the ends (source, target) as positions among the given nodes, and the edges as positions
    in ``indices``. Needs memory for all entries of the given rows.
    """
    numbering = Numbering(graph.neighbor_bound, with_trees=neighbors.trees is not None)
    numbering.add_(neighbors.nodes.clone(), neighbors.trees, "nodes")
    edges = PickedEdges(graph)
    frontier = Frontier(rows.nodes, rows.trees, latest=None, first_number=0)
    everything = replace(graph, weights=None)
    ends, targets = pick_neighbors(everything, None, frontier, -1, edges, replace=False, seed=0)
    trees = None if rows.trees is None else rows.trees.index_select(0, targets)
    ends.copy_(numbering.find(ends, trees))
    inside = (ends >= 0).nonzero().squeeze(1)
    return edges.ends.index_select(1, inside), edges.positions.index_select(0, inside)
