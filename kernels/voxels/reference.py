"""Voxel grouping by ``torch.unique`` over rows: the definition."""

import torch
from torch import Tensor


def group_voxels_reference(rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Distinct rows in lexicographic order, how many points each has, and the voxel of a point."""
    if rows.shape[0] == 0:
        empty = rows.new_empty(0)
        return rows, empty, empty
    voxels, inverse, counts = torch.unique(rows, dim=0, return_inverse=True, return_counts=True)
    return voxels, counts, inverse
