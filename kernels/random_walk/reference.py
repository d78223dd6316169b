"""Probabilities of random walks in plain torch: the definition."""

import torch
from torch import Tensor

from graphformers.kernels.pattern import SparsePattern


def random_walk_powers_reference(
    edge_index: Tensor, ptr: Tensor, steps: int, symmetric: bool = False
) -> Tensor:
    """Dense I, P, P^2, ... over all nodes of the batch: (steps + 1, nodes, nodes), float64."""
    nodes = int(ptr[-1])
    adjacency = torch.zeros(nodes, nodes, dtype=torch.float64, device=edge_index.device)
    ones = torch.ones_like(edge_index[0], dtype=torch.float64)
    adjacency.index_put_((edge_index[0], edge_index[1]), ones, accumulate=True)
    degree = adjacency.sum(1, keepdim=True)
    inverse = degree.reciprocal().masked_fill(degree == 0, 0.0)
    step = inverse.sqrt() * adjacency * inverse.sqrt().mT if symmetric else inverse * adjacency
    powers = [torch.eye(nodes).to(adjacency)]
    for _ in range(steps):
        powers.append(powers[-1] @ step)
    return torch.stack(powers)


def random_walk_probabilities_reference(edge_index: Tensor, ptr: Tensor, steps: int) -> Tensor:
    """Diagonals of the powers, without that of I."""
    powers = random_walk_powers_reference(edge_index, ptr, steps)
    return powers[1:].diagonal(dim1=1, dim2=2).mT


def relative_random_walk_probabilities_reference(
    edge_index: Tensor, ptr: Tensor, steps: int, pattern: SparsePattern, symmetric: bool = False
) -> Tensor:
    """Entries of the powers, I included, at (target, source) of every edge of a pattern."""
    source, target = pattern.edge_index
    return random_walk_powers_reference(edge_index, ptr, steps, symmetric)[:, target, source].mT
