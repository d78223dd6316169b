"""Sampling the neighbourhoods of seeds, together or each on its own."""

import dataclasses
from collections.abc import Sequence

from jaxtyping import Float, Int
from torch import Tensor

from graphformers.kernels.sampling.graph import CSRGraph
from graphformers.kernels.sampling.neighbors.heterogeneous import sample_heterogeneous_neighbors
from graphformers.kernels.sampling.neighbors.sample import (
    EdgeType,
    HeterogeneousTimeLimit,
    NeighborSample,
    TimeLimit,
)

_NODE = "node"
_EDGE: EdgeType = (_NODE, "to", _NODE)


def sample_neighbors(
    indptr: Int[Tensor, " nodes_plus_1"],
    indices: Int[Tensor, " edges"],
    seeds: Int[Tensor, " seeds"],
    fanouts: Sequence[int],
    replace: bool = False,
    weights: Float[Tensor, " edges"] | None = None,
    time: TimeLimit | None = None,
    seed: int = 0,
) -> NeighborSample:
    """Sample the neighbourhood of seeds, hop by hop, as one relabelled subgraph.

    ``indices[indptr[i] : indptr[i + 1]]`` are the sources of the edges into node ``i``; a sampled
    edge runs from the neighbour to the node that drew it, and its number is its position in
    ``indices``. Hop ``h`` draws ``fanouts[h]`` edges, or with -1 all, of every node new in the hop
    before; a node is expanded once, when it is first reached.

    Without ``replace`` no edge is drawn twice, and a node with fewer edges gives those it has; with
    it, every node with an edge gives exactly as many as asked for. With ``weights`` the chance of
    an edge in one draw is its share of the weight not yet drawn; what weighs nothing is never
    drawn. With ``time`` only edges a seed may see are drawn (see ``TimeLimit``), and every seed has
    a subgraph of its own. The order of the edges of one node has no meaning.

    The draw of a node depends on ``seed``, the hop, the node and its own row: not on the other
    seeds, on threads or on what was drawn before. The graph may be a memory-mapped file larger than
    memory (see ``CSRGraph.open``): only the rows that are reached are read, and only their numbers
    are checked. Raises ``ShapeError`` for arguments that do not fit, and for repeated seeds.

    Source: GraphSAGE, Hamilton et al. 2017, arXiv:1706.02216; weighted draws without replacement
    after Efraimidis and Spirakis 2006.
    """
    graph = CSRGraph(indptr=indptr, indices=indices, weights=weights)
    return sample_graph(graph, seeds, fanouts, replace=replace, time=time, seed=seed)


def sample_ego_graphs(
    indptr: Int[Tensor, " nodes_plus_1"],
    indices: Int[Tensor, " edges"],
    seeds: Int[Tensor, " seeds"],
    fanouts: Sequence[int],
    replace: bool = False,
    weights: Float[Tensor, " edges"] | None = None,
    time: TimeLimit | None = None,
    seed: int = 0,
) -> NeighborSample:
    """Sample one subgraph per seed, apart from those of the other seeds.

    As ``sample_neighbors``, but a node reached from two seeds stands in both subgraphs, drawing
    anew in each; ``trees`` tells them apart, and seeds may repeat.
    """
    graph = CSRGraph(indptr=indptr, indices=indices, weights=weights)
    return sample_graph(graph, seeds, fanouts, replace=replace, disjoint=True, time=time, seed=seed)


def sample_graph(
    graph: CSRGraph,
    seeds: Int[Tensor, " seeds"],
    fanouts: Sequence[int],
    *,
    replace: bool = False,
    disjoint: bool = False,
    time: TimeLimit | None = None,
    seed: int = 0,
) -> NeighborSample:
    """``sample_neighbors`` in a ``CSRGraph``: with its weights, edge times and direction.

    In rows of outgoing edges a sampled edge runs from the node that drew it to the neighbor.
    ``time.edges`` stands in for the edge times of the graph.
    """
    limit = None
    if time is not None:
        nodes = {} if time.nodes is None else {_NODE: time.nodes}
        limit = HeterogeneousTimeLimit(seeds={_NODE: time.seeds}, nodes=nodes)
        graph = graph if time.edges is None else dataclasses.replace(graph, edge_time=time.edges)
    sample = sample_heterogeneous_neighbors(
        {_EDGE: graph},
        {_NODE: seeds},
        {_EDGE: fanouts},
        replace=replace,
        disjoint=disjoint,
        time=limit,
        seed=seed,
    )
    return NeighborSample(
        nodes=sample.nodes[_NODE],
        edge_index=sample.edge_index[_EDGE],
        edges=sample.edges[_EDGE],
        nodes_per_hop=sample.nodes_per_hop[_NODE],
        edges_per_hop=sample.edges_per_hop[_EDGE],
        trees=None if sample.trees is None else sample.trees[_NODE],
    )
