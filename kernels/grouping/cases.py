"""Labelled keys for grouping."""

import torch
from torch import Tensor

# keys (items,) and the number of groups
GROUPING_CASES: dict[str, tuple[Tensor, int]] = {
    "no items": (torch.zeros(0, dtype=torch.int64), 3),
    "no groups": (torch.zeros(0, dtype=torch.int64), 0),
    "one group": (torch.tensor([0, 0, 0]), 1),
    "descending": (torch.tensor([4, 3, 2, 1, 0]), 5),
    "empty groups at both ends": (torch.tensor([2, 3, 2, 3, 2]), 6),
    "many": (torch.arange(10_000).remainder(97).flip(0), 100),
}
