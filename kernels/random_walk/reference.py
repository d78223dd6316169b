"""Return probabilities of random walks in plain torch: the definition."""

import torch
from torch import Tensor


def random_walk_probabilities_reference(edge_index: Tensor, ptr: Tensor, steps: int) -> Tensor:
    """Diagonals of the first powers of the dense transition matrix, in float64."""
    nodes = int(ptr[-1])
    adjacency = torch.zeros(nodes, nodes, dtype=torch.float64, device=edge_index.device)
    ones = torch.ones_like(edge_index[0], dtype=torch.float64)
    adjacency.index_put_((edge_index[0], edge_index[1]), ones, accumulate=True)
    transition = adjacency / adjacency.sum(1, keepdim=True).clamp(min=1)
    power, diagonals = torch.eye(nodes).to(adjacency), []
    for _ in range(steps):
        power = power @ transition
        diagonals.append(power.diagonal())
    return torch.stack(diagonals, dim=1) if steps else adjacency.new_zeros(nodes, 0)
