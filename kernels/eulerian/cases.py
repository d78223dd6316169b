"""Labelled graphs whose walks are odd in some way."""

import torch
from torch import Tensor


def _graph(pairs: list[tuple[int, int]], *sizes: int) -> tuple[Tensor, Tensor]:
    edge_index = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).T
    return edge_index, torch.tensor([0, *sizes]).cumsum(0)


def both_ways(edge_index: Tensor) -> Tensor:
    """Every edge and then every edge again, in the other direction."""
    return torch.cat([edge_index, edge_index.flip(0)], dim=1)


# edge_index (2, edges) and ptr (graphs + 1,)
EULERIAN_CASES: dict[str, tuple[Tensor, Tensor]] = {
    "no graphs": _graph([]),
    "one node": _graph([], 1),
    "isolated nodes": _graph([], 3, 0, 1),
    "self loop": _graph([(0, 0)], 1),
    "one direction": _graph([(1, 0), (1, 2)], 3),
    "both directions": _graph([(1, 0), (1, 2), (2, 1), (0, 1)], 3),
    "parallel edges": _graph([(0, 1), (0, 1), (1, 0), (1, 2)], 3),
    "triangle with a tail and loops": _graph([(0, 1), (1, 2), (2, 0), (2, 3), (3, 3), (3, 3)], 4),
    "parts and graphs": _graph([(0, 1), (3, 4), (4, 5), (5, 3), (7, 8), (8, 9)], 6, 0, 4),
    "star": _graph([(0, leaf) for leaf in range(1, 20)], 20),
}


def random_graph(nodes: int, edges: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Ends drawn uniformly: loops, parallel edges and several parts."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(nodes, (2, edges), generator=generator), torch.tensor([0, nodes])
