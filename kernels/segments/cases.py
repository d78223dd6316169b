"""Labelled inputs of the segment operations."""

import torch
from torch import Tensor

CHANNEL_CASES: dict[str, tuple[int, ...]] = {
    "no channel axis": (),
    "one channel": (1,),
    "no channels": (0,),
    "odd": (3,),
    "a pair": (6,),
    "heads by channels": (4, 8),
}


def segment_values(
    rows: int, channels: tuple[int, ...], dtype: torch.dtype = torch.float64, seed: int = 0
) -> Tensor:
    """Normal numbers, asking for gradients."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, *channels, dtype=dtype, generator=generator).requires_grad_()
