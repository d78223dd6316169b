"""Neighbour sampling in plain Python: the definition, number for number."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from graphformers.kernels.randomness import below, child, unit
from graphformers.kernels.sampling.graph import CSRGraph
from graphformers.kernels.sampling.neighbors.sample import NeighborSample, TimeLimit

Node = tuple[int, int | None]  # node, and its tree where trees are apart


def sample_neighbors_reference(
    graph: CSRGraph,
    seeds: Tensor,
    fanouts: Sequence[int],
    *,
    replace: bool = False,
    disjoint: bool = False,
    time: TimeLimit | None = None,
    seed: int = 0,
) -> NeighborSample:
    """One node after the other, one draw after the other."""
    apart = disjoint or time is not None
    nodes: list[Node] = [(v, t if apart else None) for t, v in enumerate(seeds.tolist())]
    edges: list[tuple[int, int, int]] = []  # source, target, position
    node_ends, edge_ends, first = [0, len(nodes)], [0], 0
    for hop, fanout in enumerate(fanouts):
        last = len(nodes)
        for target in range(first, last):
            node, tree = nodes[target]
            entries = _weights(graph, node, tree, time)
            stream = child(seed, hop, 0, node)
            stream = stream if tree is None else child(stream, tree)
            weighs = time is not None or graph.weights is not None
            for position in _draw(entries, fanout, replace, weighs, stream):
                source = (int(graph.indices[position]), tree)
                if source not in nodes:
                    nodes.append(source)
                edges.append((nodes.index(source), target, position))
        first = last
        node_ends.append(len(nodes))
        edge_ends.append(len(edges))
    ends = torch.tensor(edges, dtype=torch.int64).reshape(-1, 3).T
    return NeighborSample(
        nodes=torch.tensor([node for node, _ in nodes], dtype=torch.int64),
        edge_index=ends[:2] if graph.direction == "in" else ends[:2].flip(0),
        edges=ends[2],
        nodes_per_hop=torch.tensor(node_ends).diff().tolist(),
        edges_per_hop=torch.tensor(edge_ends).diff().tolist(),
        trees=torch.tensor([tree for _, tree in nodes], dtype=torch.int64) if apart else None,
    )


def _weights(
    graph: CSRGraph, node: int, tree: int | None, time: TimeLimit | None
) -> dict[int, float]:
    """What every position of a row weighs."""
    first, last = graph.indptr[node : node + 2].tolist()
    weights = {}
    for position in range(first, last):
        neighbor = int(graph.indices[position])
        weight = 1.0 if graph.weights is None else float(graph.weights[position])
        if time is not None and tree is not None:
            latest = int(time.seeds[tree])
            late_edge = time.edges is not None and int(time.edges[position]) > latest
            late_node = time.nodes is not None and int(time.nodes[neighbor]) > latest
            weight = 0.0 if late_edge or late_node else weight
        weights[position] = weight
    return weights


def _draw(
    weights: dict[int, float], fanout: int, replace: bool, weighs: bool, stream: int
) -> list[int]:
    """Positions drawn from one row."""
    eligible = [position for position, weight in weights.items() if weight > 0]
    size = len(eligible)
    if fanout < 0 or size == 0 or (size <= fanout and not replace):
        return eligible
    if replace and weighs:
        return _sorted_draws(weights, fanout, stream)
    if replace:
        return [eligible[below(child(stream, j), size)] for j in range(fanout)]
    if weighs:
        return _smallest_keys(weights, fanout, stream)
    return [eligible[entry] for entry in _distinct(size, fanout, stream)]


def _distinct(size: int, picks: int, stream: int) -> list[int]:
    """Floyd's draw of some, not all, of ``size`` entries."""
    chosen: list[int] = []
    for j in range(picks):
        last = size - picks + j
        drawn = below(child(stream, j), last + 1)
        chosen.append(last if drawn in chosen else drawn)
    return chosen


def _smallest_keys(weights: dict[int, float], picks: int, stream: int) -> list[int]:
    """The positions whose exponential number is smallest relative to their weight."""
    keys = {
        position: -math.log(unit(child(stream, entry))) / weight
        for entry, (position, weight) in enumerate(weights.items())
        if weight > 0
    }
    return sorted(keys, key=lambda position: keys[position])[:picks]


def _sorted_draws(weights: dict[int, float], picks: int, stream: int) -> list[int]:
    """Where the sorted uniform numbers meet the partial sums of the weights."""
    gaps = [-math.log(unit(child(stream, j))) for j in range(picks + 1)]
    length, total = sum(gaps), sum(weights.values())
    drawn, reached, passed, pick = [], 0.0, 0.0, -1
    remaining = iter(weights.items())
    for gap in gaps[:-1]:
        reached += gap
        while pick < 0 or passed <= reached / length * total:
            position, weight = next(remaining, (None, 0.0))
            if position is None:
                break
            passed += weight
            pick = position if weight > 0 else pick
        drawn.append(pick)
    return drawn
