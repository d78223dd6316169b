"""Message passing as torch operators: schemas, launches, derivatives.

An operator takes a pattern in parts, ``row_ptr, source, edge``, and those of its transpose, which
only a backward pass needs.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from graphformers.kernels.blocks import as_blocks, block_width
from graphformers.kernels.launch import WARP_SCALARS, launch_rows
from graphformers.kernels.messages.kernel import message_kernels
from graphformers.kernels.messages.reference import (
    gated_mean_reference,
    rectified_sum_reference,
    second_order,
)
from graphformers.kernels.pattern import SparsePattern
from graphformers.kernels.validation import check_range, check_segments


def _launch(
    name: str, slots: Sequence[Tensor], arguments: Sequence[Tensor | float], others: int
) -> None:
    """Run a kernel over blocks of channels; ``others`` is the number of rows at the other end."""
    row_ptr, column, edge = (one.contiguous() for one in slots)
    check_segments(row_ptr, edge.shape[0])
    check_range("source", column, others)
    check_range("edge", edge, edge.shape[0])
    *_, out = tensors = [one for one in arguments if isinstance(one, Tensor)]
    width = block_width(out)
    blocks = [as_blocks(one, width) if isinstance(one, Tensor) else one for one in arguments]
    kernel = getattr(message_kernels(width, WARP_SCALARS[out.dtype]), name)
    work = edge.shape[0] * out.shape[1] * len(tensors)
    launch_rows(kernel, row_ptr, out.shape[1] // width, (row_ptr, column, edge, *blocks), work)


_PATTERN = (
    "Tensor row_ptr, Tensor source, Tensor row_edge,"
    " Tensor? column_ptr, Tensor? target, Tensor? column_edge"
)

torch.library.define(
    "graphformers::edge_sum",
    f"(Tensor at_target, Tensor at_source, Tensor edge, {_PATTERN}) -> Tensor",
)


@torch.library.impl("graphformers::edge_sum", ("cpu", "cuda"))
def _edge_sum(at_target, at_source, edge, *pattern) -> Tensor:
    out = edge.new_empty(edge.shape)
    _launch("edge_sum", pattern[:3], (at_target, at_source, edge, out), at_source.shape[0])
    return out


@torch.library.register_fake("graphformers::edge_sum")
def _edge_sum_shape(at_target, at_source, edge, *_pattern) -> Tensor:
    return edge.new_empty(edge.shape)


def _edge_sum_setup(ctx, inputs, output) -> None:
    row_ptr, _, row_edge, column_ptr, _, column_edge = inputs[3:]
    ctx.save_for_backward(row_ptr, row_edge, column_ptr, column_edge)


def _edge_sum_backward(ctx, grad: Tensor):
    row_ptr, row_edge, column_ptr, column_edge = ctx.saved_tensors
    segment_sum = torch.ops.graphformers.segment_sum
    grad_target = segment_sum(grad, row_ptr, row_edge) if ctx.needs_input_grad[0] else None
    grad_source = segment_sum(grad, column_ptr, column_edge) if ctx.needs_input_grad[1] else None
    return grad_target, grad_source, grad, *[None] * 6


torch.library.register_autograd(
    "graphformers::edge_sum", _edge_sum_backward, setup_context=_edge_sum_setup
)


torch.library.define(
    "graphformers::rectified_sum", f"(Tensor x, Tensor edge, {_PATTERN}) -> Tensor"
)
torch.library.define(
    "graphformers::rectified_sum_backward",
    f"(Tensor grad, Tensor x, Tensor edge, {_PATTERN}) -> (Tensor grad_x, Tensor grad_edge)",
)


@torch.library.impl("graphformers::rectified_sum", ("cpu", "cuda"))
def _rectified_sum(x, edge, *pattern) -> Tensor:
    out = _rectified_sum_shape(x, edge, *pattern)
    _launch("rectified_sum", pattern[:3], (x, edge, out), x.shape[0])
    return out


@torch.library.register_fake("graphformers::rectified_sum")
def _rectified_sum_shape(x, edge, *pattern) -> Tensor:
    return x.new_empty(pattern[0].shape[0] - 1, x.shape[1])


@torch.library.impl("graphformers::rectified_sum_backward", ("cpu", "cuda"))
def _rectified_sum_pull_back(grad, x, edge, *pattern) -> tuple[Tensor, Tensor]:
    grads = x.new_empty(x.shape), edge.new_empty(edge.shape)
    _launch("rectified_sum_backward", pattern[3:], (x, edge, grad, *grads), grad.shape[0])
    return grads


@torch.library.register_fake("graphformers::rectified_sum_backward")
def _rectified_sum_pull_back_shapes(grad, x, edge, *_pattern) -> tuple[Tensor, Tensor]:
    return x.new_empty(x.shape), edge.new_empty(edge.shape)


def _save_tensors(ctx, inputs, output) -> None:
    ctx.save_for_backward(*inputs)


def _rectified_sum_backward(ctx, grad: Tensor):
    grads = torch.ops.graphformers.rectified_sum_backward(grad, *ctx.saved_tensors)
    return *grads, *[None] * 6


def _rectified_sum_second(ctx, *grads: Tensor):
    grad_out, x, edge, *slots = ctx.saved_tensors
    pattern = _as_pattern(slots, grad_out, x)
    second = second_order(
        lambda x, edge: rectified_sum_reference(x, edge, pattern), grad_out, (x, edge), grads
    )
    return *second, *[None] * 6


torch.library.register_autograd(
    "graphformers::rectified_sum", _rectified_sum_backward, setup_context=_save_tensors
)
torch.library.register_autograd(
    "graphformers::rectified_sum_backward", _rectified_sum_second, setup_context=_save_tensors
)


torch.library.define(
    "graphformers::gated_mean",
    f"(Tensor value, Tensor logit, float epsilon, {_PATTERN}) -> (Tensor out, Tensor total)",
)
torch.library.define(
    "graphformers::gated_mean_backward",
    f"(Tensor grad, Tensor value, Tensor logit, Tensor out, Tensor total, float epsilon,"
    f" {_PATTERN}) -> (Tensor grad_value, Tensor grad_logit)",
)


@torch.library.impl("graphformers::gated_mean", ("cpu", "cuda"))
def _gated_mean(value, logit, epsilon, *pattern) -> tuple[Tensor, Tensor]:
    out, total = _gated_mean_shapes(value, logit, epsilon, *pattern)
    _launch("gated_mean", pattern[:3], (value, logit, epsilon, out, total), value.shape[0])
    return out, total


@torch.library.register_fake("graphformers::gated_mean")
def _gated_mean_shapes(value, logit, epsilon, *pattern) -> tuple[Tensor, Tensor]:
    shape = (pattern[0].shape[0] - 1, value.shape[1])
    return value.new_empty(shape), value.new_empty(shape)


def _gated_mean_setup(ctx, inputs, output) -> None:
    value, logit, ctx.epsilon, *pattern = inputs
    ctx.save_for_backward(value, logit, *output, *pattern)
    ctx.mark_non_differentiable(output[1])


def _gated_mean_backward(ctx, grad: Tensor, _grad_total: Tensor):
    value, logit, out, total, *pattern = ctx.saved_tensors
    grads = torch.ops.graphformers.gated_mean_backward(
        grad, value, logit, out, total, ctx.epsilon, *pattern
    )
    return *grads, *[None] * 7


@torch.library.impl("graphformers::gated_mean_backward", ("cpu", "cuda"))
def _gated_mean_pull_back(grad, value, logit, out, total, epsilon, *pattern):
    like = (value, logit)
    grads = tuple(one.new_empty(one.shape) for one in like)
    arguments = (value, logit, out, grad / total, *grads)
    _launch("gated_mean_backward", pattern[3:], arguments, grad.shape[0])
    return grads


@torch.library.register_fake("graphformers::gated_mean_backward")
def _gated_mean_pull_back_shapes(grad, value, logit, *_others) -> tuple[Tensor, Tensor]:
    return value.new_empty(value.shape), logit.new_empty(logit.shape)


def _gated_mean_pull_back_setup(ctx, inputs, output) -> None:
    grad, value, logit, _, _, ctx.epsilon, *pattern = inputs
    ctx.save_for_backward(grad, value, logit, *pattern)


def _gated_mean_second(ctx, *grads: Tensor):
    """Out and total are functions of value and logit."""
    grad_out, value, logit, *slots = ctx.saved_tensors
    pattern, epsilon = _as_pattern(slots, grad_out, value), ctx.epsilon
    second = second_order(
        lambda value, logit: gated_mean_reference(value, logit, pattern, epsilon),
        grad_out,
        (value, logit),
        grads,
    )
    return *second, *[None] * 9


torch.library.register_autograd(
    "graphformers::gated_mean", _gated_mean_backward, setup_context=_gated_mean_setup
)
torch.library.register_autograd(
    "graphformers::gated_mean_backward",
    _gated_mean_second,
    setup_context=_gated_mean_pull_back_setup,
)


def _as_pattern(slots: Sequence[Tensor], at_target: Tensor, at_source: Tensor) -> SparsePattern:
    """The pattern an operator was given the parts of."""
    row_ptr, source, edge = slots[:3]
    return SparsePattern(
        num_targets=at_target.shape[0],
        num_sources=at_source.shape[0],
        row_ptr=row_ptr,
        source=source,
        edge=edge,
    )
