"""Grouping in plain torch: the definition."""

import torch
from torch import Tensor


def group_reference(keys: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    """First position of every group after a stable sort, and the sorting order."""
    sorted_keys, order = torch.sort(keys, stable=True)
    ptr = torch.searchsorted(sorted_keys, torch.arange(groups + 1, device=keys.device))
    return ptr, order
