"""Labelled inputs of message passing."""

import torch
from torch import Tensor

from graphformers.kernels.pattern import SparsePattern

CHANNEL_CASES: dict[str, int] = {"one channel": 1, "odd": 7, "usual": 64, "several blocks": 130}


def message_inputs(
    pattern: SparsePattern, dim: int, dtype: torch.dtype = torch.float64, seed: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """Normal numbers at the targets, the sources and the edges, asking for gradients."""
    generator = torch.Generator().manual_seed(seed)

    def normal(rows: int) -> Tensor:
        return torch.randn(rows, dim, dtype=dtype, generator=generator).requires_grad_()

    return normal(pattern.num_targets), normal(pattern.num_sources), normal(pattern.num_edges)
