"""Eulerian paths by networkx: what the walks are measured against, in speed and in length."""

import itertools
import random

import networkx as nx
from torch import Tensor


def undirected_reference(edge_index: Tensor, nodes: int) -> nx.MultiGraph:
    """As many edges between two nodes as entries in the direction that has more of them."""
    onward: dict[tuple[int, int], int] = {}
    for source, target in edge_index.T.tolist():
        onward[source, target] = onward.get((source, target), 0) + 1
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(nodes))
    for (source, target), count in onward.items():
        against = onward.get((target, source), 0)
        if source <= target or against == 0:
            graph.add_edges_from([(source, target)] * max(count, against))
    return graph


def fewest_repeats_reference(graph: nx.MultiGraph) -> int:
    """Edges to double until all degrees are even: a matching of the odd nodes along short paths."""
    odd = [node for node, degree in graph.degree() if degree % 2]
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    complete = nx.Graph()
    for one, two in itertools.combinations(odd, 2):
        if two in lengths[one]:
            complete.add_edge(one, two, weight=lengths[one][two])
    return sum(lengths[one][two] for one, two in nx.min_weight_matching(complete))


def eulerian_path_reference(graph: nx.Graph, seed: int) -> list[tuple[int, int]]:
    """The route GraphGPT takes: eulerize every part, walk it, cut the tail, join by jumps."""
    draw = random.Random(seed)
    parts = [list(part) for part in nx.connected_components(graph)]
    draw.shuffle(parts)
    path: list[tuple[int, int]] = []
    for nodes in parts:
        part = graph.subgraph(nodes)
        start = draw.choice(nodes)
        if not nx.is_eulerian(part):
            part = nx.eulerize(part)
        walk = nx.eulerian_circuit if draw.random() < 0.5 else nx.eulerian_path
        steps = list(walk(part, source=start))
        if path:
            path.append((path[-1][1], start))
        seen: set[frozenset[int]] = set()
        lengths = []
        for step in steps:
            seen.add(frozenset(step))
            lengths.append(len(seen))
        path += steps[: lengths.index(lengths[-1]) + 1] if steps else []
    return path
