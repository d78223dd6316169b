"""The chances of a step of a random walk: the definition."""

import torch
from torch import Tensor

from graphformers.kernels.sampling.graph import CSRGraph


def step_chances(graph: CSRGraph, node: int, previous: int | None, p: float, q: float) -> Tensor:
    """Probability of every node to follow ``node``, which followed ``previous``."""
    chances = torch.zeros(graph.num_nodes, dtype=torch.float64)
    near = set() if previous is None else set(_row(graph, previous))
    for neighbor in _row(graph, node):
        if previous is None or neighbor in near - {previous}:
            chances[neighbor] += 1
        else:
            chances[neighbor] += 1 / p if neighbor == previous else 1 / q
    return chances / chances.sum()


def _row(graph: CSRGraph, node: int) -> list[int]:
    first, last = graph.indptr[node : node + 2].tolist()
    return graph.indices[first:last].tolist()
