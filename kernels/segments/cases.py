"""Labelled inputs of the segment operations."""

import torch
from torch import Tensor

# trailing axes of the values, and their precision
CHANNEL_CASES: dict[str, tuple[tuple[int, ...], torch.dtype]] = {
    "no channel axis": ((), torch.float64),
    "no channels": ((0,), torch.float64),
    "odd": ((3,), torch.float64),
    "a pair": ((6,), torch.float64),
    "heads by channels": ((4, 8), torch.float64),
    "single precision": ((4, 8), torch.float32),
}


def segment_values(
    rows: int, channels: tuple[int, ...], dtype: torch.dtype = torch.float64, seed: int = 0
) -> Tensor:
    """Normal numbers, asking for gradients."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, *channels, dtype=dtype, generator=generator).requires_grad_()
