"""Labelled inputs of sparse attention."""

from typing import NamedTuple

import torch
from torch import Tensor

from graphformers.kernels.pattern import SparsePattern


class AttentionInputs(NamedTuple):
    """The tensors of one call, in the order of its arguments."""

    query: Tensor  # (targets, heads, dim)
    key: Tensor  # (sources, heads, dim)
    value: Tensor  # (sources, heads, dim_v)
    bias: Tensor | None  # (edges, heads)


class Widths(NamedTuple):
    """Heads, channels of query and key, channels of the value."""

    heads: int
    dim: int
    dim_v: int


WIDTH_CASES: dict[str, Widths] = {
    "one number": Widths(1, 1, 1),
    "odd": Widths(3, 3, 5),
    "usual": Widths(4, 16, 16),
}


def attention_inputs(
    pattern: SparsePattern,
    widths: Widths,
    dtype: torch.dtype = torch.float64,
    with_bias: bool = True,
    seed: int = 0,
) -> AttentionInputs:
    """Normal numbers that fit a pattern, asking for gradients."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, dtype=dtype, generator=generator).requires_grad_()

    heads, dim, dim_v = widths
    return AttentionInputs(
        query=normal(pattern.num_targets, heads, dim),
        key=normal(pattern.num_sources, heads, dim),
        value=normal(pattern.num_sources, heads, dim_v),
        bias=normal(pattern.num_edges, heads) if with_bias else None,
    )
