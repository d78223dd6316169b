"""Sparse attention in plain torch: the definition."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from graphformers.errors import ConfigError
from graphformers.kernels.attention.score import find_score
from graphformers.kernels.pattern import SparsePattern
from graphformers.kernels.randomness import children, shift_right
from graphformers.kernels.softmax.reference import segment_softmax_reference


class AttentionTensors(NamedTuple):
    """What one attention is computed from."""

    query: Tensor  # (targets, heads, dim)
    key: Tensor  # (sources, heads, dim)
    value: Tensor  # (sources, heads, dim_v)
    edge: Tensor | None = None  # (edges, heads, dim * edge inputs of the score)
    channel_weight: Tensor | None = None  # (heads, dim)
    bias: Tensor | None = None  # (edges, heads)
    gate: Tensor | None = None  # (edges, heads)
    seed: Tensor | None = None  # one int64


class AttentionSettings(NamedTuple):
    """The numbers of one attention."""

    score: str = "dot"
    scale: float = 1.0
    clamp: float = torch.inf
    dropout: float = 0.0


class Attended(NamedTuple):
    """What one attention gives."""

    out: Tensor  # (targets, heads, dim_v)
    pair_sum: Tensor  # (targets, heads, dim)
    pairs: Tensor  # (edges, heads, dim), in the caller's order


def attention_reference(
    tensors: AttentionTensors, settings: AttentionSettings, pattern: SparsePattern
) -> Attended:
    """Gather, score, softmax over each row, weighted sums; every step keeps an edge-wide tensor."""
    source, target, slot = pattern.source, pattern.target, pattern.edge
    query, value, gate, seed = tensors.query, tensors.value, tensors.gate, tensors.seed
    weight, pairs = softmax_reference(tensors, settings, pattern)
    if gate is not None:
        weight = weight * gate.index_select(0, slot)
    if seed is not None:
        kept = dropout_factors(seed, settings.dropout, pattern.num_edges, weight.shape[1])
        weight = weight * kept.to(weight.dtype).index_select(0, slot)
    weight = weight.unsqueeze(-1)
    out = value.new_zeros(pattern.num_targets, *value.shape[1:])
    return Attended(
        out.index_add(0, target, weight * value.index_select(0, source)),
        torch.zeros_like(query).index_add(0, target, weight * pairs),
        torch.zeros_like(pairs).index_copy(0, slot, pairs),
    )


def softmax_reference(
    tensors: AttentionTensors, settings: AttentionSettings, pattern: SparsePattern
) -> tuple[Tensor, Tensor]:
    """Weights before gate and dropout (slots, heads), pair features (slots, heads, dim)."""
    score = find_score(settings.score)
    if score.reference is None:
        raise ConfigError(
            f"{score.name} has no plain torch form, which export, second derivatives and records "
            "need; give PairScore(function, reference)"
        )
    query, key, _, edge, channel_weight, bias, _, _ = tensors
    ends = [query.index_select(0, pattern.target), key.index_select(0, pattern.source)]
    slot = pattern.edge
    features = [] if edge is None else edge.index_select(0, slot).chunk(score.edge_inputs, -1)
    pairs = score.reference(*ends, *features)
    weighted = pairs if channel_weight is None else pairs * channel_weight
    logit = settings.scale * weighted.sum(-1)
    if settings.clamp < torch.inf:
        logit = logit.clamp(-settings.clamp, settings.clamp)
    if bias is not None:
        logit = logit + bias.index_select(0, slot)
    return segment_softmax_reference(logit, pattern.row_ptr), pairs


def dropout_factors(seed: Tensor, dropout: float, edges: int, heads: int) -> Tensor:
    """Zero for dropped weights, 1 / (1 - dropout) for the others; (edges, heads), float64.

    Child ``edge * heads + head`` of the seed decides.
    """
    bits = children(seed, torch.arange(edges * heads, device=seed.device))
    kept = (shift_right(bits, 11) >= int(dropout * 2**53)).to(torch.float64) / (1 - dropout)
    return kept.view(edges, heads)


def attention_second_order(
    grads: Sequence[Tensor | None],
    upstream: Sequence[Tensor | None],
    tensors: AttentionTensors,
    settings: AttentionSettings,
    pattern: SparsePattern,
) -> tuple[list[Tensor | None], list[Tensor | None]]:
    """Pull back through the backward pass of the reference.

    ``upstream`` are the gradients of out, pair_sum and pairs that the backward pass was given,
    ``grads`` those of the loss in what it returned: the gradients of all tensors but the seed.
    Returns the gradients of ``upstream`` and of ``tensors``.
    """
    with torch.enable_grad():
        upstream = [_leaf(one) for one in upstream]
        leaves = AttentionTensors._make((*(_leaf(one) for one in tensors[:-1]), tensors.seed))
        attended = attention_reference(leaves, settings, pattern)
        used = [(one, up) for one, up in zip(attended, upstream, strict=True) if up is not None]
        variables = [one for one in leaves[:-1] if one is not None]
        first = torch.autograd.grad(
            [one for one, _ in used],
            variables,
            [up for _, up in used],
            create_graph=True,
            materialize_grads=True,
        )
        outer = [grad for one, grad in zip(leaves[:-1], grads, strict=True) if one is not None]
        wanted = [up for up in upstream if up is not None] + variables
        asked = [(one, up) for one, up in zip(first, outer, strict=True) if one.requires_grad]
        second = iter(
            torch.autograd.grad(
                [one for one, _ in asked], wanted, [up for _, up in asked], allow_unused=True
            )
        )
    return (
        [None if up is None else next(second) for up in upstream],
        [None if one is None else next(second) for one in leaves[:-1]] + [None],
    )


def _leaf(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.detach().requires_grad_()
