"""Farthest-point sampling in plain torch, one pick at a time: the definition."""

import torch
from torch import Tensor


def farthest_points_reference(positions: Tensor, count: int, start: int) -> Tensor:
    """Picks of one cloud (points, 3); among equally far points the first one."""
    nearest = positions.new_full((positions.shape[0],), torch.inf)
    picks, chosen = [], start
    for _ in range(count):
        picks.append(chosen)
        x, y, z = (positions - positions[chosen]).unbind(1)
        nearest = torch.minimum(nearest, (x * x + y * y) + z * z)
        nearest[chosen] = -1  # never again
        chosen = int((nearest == nearest.max()).nonzero()[0])
    return torch.tensor(picks, dtype=torch.int64, device=positions.device)
