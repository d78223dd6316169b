"""Relative positions as waves, in plain torch: the definition."""

import torch
from torch import Tensor


def relative_coordinates(
    points: Tensor, centres: Tensor, row_ptr: Tensor, index: Tensor
) -> tuple[Tensor, Tensor]:
    """From point to centre (edges, space), and the length of that (edges, 1); zero has no slope."""
    row = torch.arange(centres.shape[0], device=centres.device)
    row = row.repeat_interleave(row_ptr.diff(), output_size=index.shape[0])
    gap = centres.index_select(0, row) - points.index_select(0, index)
    squared = gap.square().sum(1, keepdim=True)
    length = torch.where(squared > 0, torch.where(squared > 0, squared, 1).sqrt(), 0)
    return gap, length


def relative_waves_reference(
    points: Tensor, centres: Tensor, row_ptr: Tensor, index: Tensor, frequencies: Tensor
) -> Tensor:
    """For every coordinate of the gap, then its length: all sines, all cosines."""
    gap, length = relative_coordinates(points, centres, row_ptr, index)
    angle = torch.cat([gap, length], dim=1)[:, :, None] * frequencies
    return torch.cat([angle.sin(), angle.cos()], dim=2).flatten(1)
