"""Gather, combine and reduce along a pattern without a tensor of messages.

Edge-wide tensors that go in or come out follow the caller's order of the edges. Results have the
type of the inputs, half precision included.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

import graphformers.kernels.messages.registered  # noqa: F401  (the torch operators)
from graphformers.kernels.pattern import SparsePattern
from graphformers.kernels.validation import (
    HALF,
    check_floating_or_half,
    check_indices,
    check_shape,
)

GATE_EPSILON = 1e-6


def edge_sum(
    at_target: Float[Tensor, "targets dim"],
    at_source: Float[Tensor, "sources dim"],
    edge: Float[Tensor, "edges dim"],
    pattern: SparsePattern,
) -> Float[Tensor, "edges dim"]:
    r"""Add to every edge what its two ends bring.

    .. math:: y_{ji} = a_i + b_j + c_{ji}

    A linear layer over the concatenation of target, source and edge is this sum of three smaller
    ones, two of which cost nodes instead of edges.
    """
    check_shape("at_target", at_target, (pattern.num_targets, edge.shape[-1]), "(targets, dim)")
    _check(at_source, edge, pattern)
    check_floating_or_half(edge=edge, at_target=at_target)
    inputs = _at_least_single(at_target, at_source, edge)
    summed = torch.ops.graphformers.edge_sum(*inputs, *_both_ways(pattern, inputs))
    return summed.to(edge.dtype)


def rectified_sum(
    x: Float[Tensor, "sources dim"], edge: Float[Tensor, "edges dim"], pattern: SparsePattern
) -> Float[Tensor, "targets dim"]:
    r"""Sum rectified messages over the edges of every target.

    .. math:: y_i = \sum_{j \to i} \mathrm{ReLU}(x_j + e_{ji})

    Nothing over edges is kept for the backward pass but ``edge`` itself.

    Source: Hu et al. 2020, arXiv:1905.12265 (GINE).
    """
    _check(x, edge, pattern)
    inputs = _at_least_single(x, edge)
    summed = torch.ops.graphformers.rectified_sum(*inputs, *_both_ways(pattern, inputs))
    return summed.to(x.dtype)


def gated_mean(
    value: Float[Tensor, "sources dim"],
    logit: Float[Tensor, "edges dim"],
    pattern: SparsePattern,
    epsilon: float = GATE_EPSILON,
) -> Float[Tensor, "targets dim"]:
    r"""Average the sources of every target, weighted channel by channel with gates.

    .. math:: y_i = \frac{\sum_{j \to i} \sigma(l_{ji}) \odot v_j}
                         {\sum_{j \to i} \sigma(l_{ji}) + \epsilon}

    Nothing over edges is kept for the backward pass but ``logit`` itself.

    Source: Bresson and Laurent 2018, arXiv:1711.07553 (GatedGCN).
    """
    _check(value, logit, pattern)
    inputs = _at_least_single(value, logit)
    slots = _both_ways(pattern, inputs)
    return torch.ops.graphformers.gated_mean(*inputs, epsilon, *slots)[0].to(value.dtype)


def _check(at_source: Tensor, at_edge: Tensor, pattern: SparsePattern) -> None:
    dim = at_edge.shape[-1]
    check_shape("edge-wide input", at_edge, (pattern.num_edges, dim), "(edges, dim)")
    check_shape("source-wide input", at_source, (pattern.num_sources, dim), "(sources, dim)")
    check_floating_or_half(source=at_source, edge=at_edge)
    check_indices(at_edge.device, row_ptr=pattern.row_ptr, source=pattern.source, edge=pattern.edge)


def _at_least_single(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Half precision is added up in float32."""
    return tuple(one.float() if one.dtype in HALF else one for one in tensors)


def _both_ways(pattern: SparsePattern, inputs: Sequence[Tensor]) -> tuple[Tensor | None, ...]:
    """The parts of a pattern, and those of its transpose if there will be a backward pass."""
    rows = (pattern.row_ptr, pattern.source, pattern.edge)
    if not (torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs)):
        return *rows, None, None, None
    columns = pattern.transposed
    return *rows, columns.row_ptr, columns.source, columns.edge
