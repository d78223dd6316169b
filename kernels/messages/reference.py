"""Message passing in plain torch: the definitions. Every step keeps an edge-wide tensor."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from graphformers.kernels.pattern import SparsePattern


def edge_sum_reference(
    at_target: Tensor, at_source: Tensor, edge: Tensor, pattern: SparsePattern
) -> Tensor:
    """Gather both ends and add them to the edges."""
    source, target = pattern.edge_index
    return at_target.index_select(0, target) + at_source.index_select(0, source) + edge


def rectified_sum_reference(x: Tensor, edge: Tensor, pattern: SparsePattern) -> Tensor:
    """Gather, add, rectify, scatter."""
    source, target = pattern.edge_index
    message = (x.index_select(0, source) + edge).relu()
    return x.new_zeros(pattern.num_targets, x.shape[1]).index_add(0, target, message)


def gated_mean_reference(
    value: Tensor, logit: Tensor, pattern: SparsePattern, epsilon: float
) -> Tensor:
    """Gather, gate, scatter messages and gates, divide."""
    source, target = pattern.edge_index
    gate = logit.sigmoid()
    zeros = value.new_zeros(pattern.num_targets, value.shape[1])
    total = zeros.index_add(0, target, gate * value.index_select(0, source))
    return total / (zeros.index_add(0, target, gate) + epsilon)


def second_order(
    function: Callable[[Tensor, Tensor], Tensor],
    grad_out: Tensor,
    inputs: tuple[Tensor, Tensor],
    grads: Sequence[Tensor],
) -> tuple[Tensor | None, ...]:
    """Pull back through the backward pass of a function of two tensors.

    ``grads`` are the gradients of the loss in the gradients of the inputs; gives the gradients in
    ``grad_out`` and in the inputs.
    """
    with torch.enable_grad():
        grad_out, *variables = (one.detach().requires_grad_() for one in (grad_out, *inputs))
        first = torch.autograd.grad(function(*variables), variables, grad_out, create_graph=True)
        return torch.autograd.grad(first, (grad_out, *variables), grads, allow_unused=True)
