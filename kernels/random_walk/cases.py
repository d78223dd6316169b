"""Labelled graphs whose return probabilities are known or telling."""

import torch
from torch import Tensor

# edge_index (2, edges) and ptr (graphs + 1,)
WALK_CASES: dict[str, tuple[Tensor, Tensor]] = {
    "no graphs": (torch.zeros(2, 0, dtype=torch.int64), torch.tensor([0])),
    "isolated nodes": (torch.zeros(2, 0, dtype=torch.int64), torch.tensor([0, 2, 3])),
    "self loop": (torch.tensor([[0], [0]]), torch.tensor([0, 1])),
    "directed triangle": (torch.tensor([[0, 1, 2], [1, 2, 0]]), torch.tensor([0, 3])),
    "dead end": (torch.tensor([[0, 0, 1], [1, 2, 0]]), torch.tensor([0, 3])),
    "double edge": (torch.tensor([[0, 0, 0, 1, 2], [1, 1, 2, 0, 0]]), torch.tensor([0, 3])),
    "path and empty graph and ring": (
        torch.tensor([[0, 1, 1, 2, 3, 4, 5, 6, 4, 5, 6, 3], [1, 0, 2, 1, 4, 5, 6, 3, 3, 4, 5, 6]]),
        torch.tensor([0, 3, 3, 7]),
    ),
}
