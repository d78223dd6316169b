"""Labelled inputs of sparse attention."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from graphformers.kernels.attention.reference import AttentionSettings, AttentionTensors
from graphformers.kernels.attention.score import find_score
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


class AttentionCase(NamedTuple):
    """Which parts of the equation a call uses."""

    score: str = "dot"
    channel_weight: bool = False
    bias: bool = False
    gate: bool = False
    clamp: float | None = None
    dropout: float = 0.0
    sums_pairs: bool = False
    gives_pairs: bool = False


# Together they hold every pair of options.
ATTENTION_CASES: dict[str, AttentionCase] = {
    "dot": AttentionCase(),
    "graph transformer": AttentionCase("dot_edge", clamp=0.8, gives_pairs=True),
    "GRIT": AttentionCase(
        "signed_sqrt",
        channel_weight=True,
        clamp=1.5,
        dropout=0.3,
        sums_pairs=True,
        gives_pairs=True,
    ),
    "PPGT": AttentionCase("l2", bias=True, gate=True, dropout=0.4),
    "dot with all": AttentionCase("dot", True, True, True, 1.0, 0.2, True, True),
    "weighted edges": AttentionCase("dot_edge", bias=True, channel_weight=True),
    "gated features": AttentionCase("signed_sqrt", bias=True, gate=True, sums_pairs=True),
    "distance with features": AttentionCase("l2", channel_weight=True, clamp=2.0, gives_pairs=True),
    "gated edges": AttentionCase("dot_edge", gate=True, dropout=0.5, sums_pairs=True),
}


def attention_inputs(
    pattern: SparsePattern,
    widths: Widths,
    dtype: torch.dtype = torch.float64,
    with_bias: bool = True,
    seed: int = 0,
) -> AttentionInputs:
    """Normal numbers that fit a pattern, asking for gradients."""
    tensors = attention_tensors(pattern, widths, AttentionCase(bias=with_bias), dtype, seed)
    return AttentionInputs(tensors.query, tensors.key, tensors.value, tensors.bias)


def attention_tensors(
    pattern: SparsePattern,
    widths: Widths,
    case: AttentionCase,
    dtype: torch.dtype = torch.float64,
    seed: int = 0,
) -> AttentionTensors:
    """Everything a case needs, normal numbers that ask for gradients."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, dtype=dtype, generator=generator).requires_grad_()

    heads, dim, dim_v = widths
    edges, inputs = pattern.num_edges, find_score(case.score).edge_inputs
    return AttentionTensors(
        query=normal(pattern.num_targets, heads, dim),
        key=normal(pattern.num_sources, heads, dim),
        value=normal(pattern.num_sources, heads, dim_v),
        bias=normal(edges, heads) if case.bias else None,
        edge=normal(edges, heads, inputs * dim) if inputs else None,
        channel_weight=normal(heads, dim) if case.channel_weight else None,
        gate=normal(edges, heads) if case.gate else None,
        seed=torch.tensor([7]) if case.dropout else None,
    )


def attention_settings(case: AttentionCase, scale: float = 0.5) -> AttentionSettings:
    """The numbers of a case."""
    clamp = torch.inf if case.clamp is None else case.clamp
    return AttentionSettings(case.score, scale, clamp, case.dropout)


def attention_calls(pattern: SparsePattern, widths: Widths) -> Iterator[tuple]:
    """Arguments of the forward operator."""
    for case in ATTENTION_CASES.values():
        flags = (case.sums_pairs, case.gives_pairs)
        given = (*attention_tensors(pattern, widths, case), *attention_settings(case))
        yield *given, *flags, *_slots(pattern), *_slots(pattern.transposed), 0


def attention_backward_calls(pattern: SparsePattern, widths: Widths) -> Iterator[tuple]:
    """Arguments of the backward operator."""
    for case in ATTENTION_CASES.values():
        tensors = attention_tensors(pattern, widths, case)
        given = (*tensors, *attention_settings(case))
        patterns = (*_slots(pattern), *_slots(pattern.transposed), 0)
        out, pair_sum, pairs, lse = (
            one.detach()
            for one in torch.ops.graphformers.sparse_attention(
                *given, case.sums_pairs, case.gives_pairs, *patterns
            )
        )
        upstream = (
            torch.ones_like(out).requires_grad_(),
            torch.ones_like(pair_sum).requires_grad_() if case.sums_pairs else None,
            torch.ones_like(pairs).requires_grad_() if case.gives_pairs else None,
        )
        wanted = [tensor is not None for tensor in tensors[3:-1]]
        yield *upstream, *given, wanted, *patterns, out, pair_sum, lse


def _slots(pattern: SparsePattern) -> tuple[Tensor, Tensor, Tensor]:
    return pattern.row_ptr, pattern.source, pattern.edge
