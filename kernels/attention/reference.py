"""Sparse attention in plain torch: the definition."""

from collections.abc import Sequence

import torch
from torch import Tensor

from graphformers.kernels.pattern import SparsePattern
from graphformers.kernels.softmax.reference import segment_softmax_reference


def sparse_attention_reference(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    pattern: SparsePattern,
    bias: Tensor | None,
    scale: float,
) -> Tensor:
    """Gather, score, softmax over each row, weighted sum; every step keeps an edge-wide tensor."""
    source, target = pattern.source, pattern.target
    logit = scale * (query.index_select(0, target) * key.index_select(0, source)).sum(-1)
    if bias is not None:
        logit = logit + bias.index_select(0, pattern.edge)
    weight = segment_softmax_reference(logit, pattern.row_ptr)
    out = value.new_zeros(pattern.num_targets, *value.shape[1:])
    return out.index_add(0, target, weight.unsqueeze(-1) * value.index_select(0, source))


def sparse_attention_second_order(
    grads: Sequence[Tensor],
    inputs: tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None],
    pattern: SparsePattern,
    scale: float,
) -> list[Tensor | None]:
    """Pull back through the backward pass of the reference.

    ``inputs`` are grad_out, query, key, value and bias (or None); ``grads`` the gradients of the
    loss in grad_query, grad_key, grad_value and grad_bias.
    """
    with torch.enable_grad():
        grad_out, query, key, value = (one.detach().requires_grad_() for one in inputs[:4])
        bias = None if inputs[4] is None else inputs[4].detach().requires_grad_()
        out = sparse_attention_reference(query, key, value, pattern, bias, scale)
        variables = [query, key, value] if bias is None else [query, key, value, bias]
        first = torch.autograd.grad(out, variables, grad_out, create_graph=True)
        second = torch.autograd.grad(
            first, [grad_out, *variables], grads[: len(first)], allow_unused=True
        )
    return [*second, None] if bias is None else list(second)
