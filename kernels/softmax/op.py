"""Softmax and log-sum-exp over segments."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.kernels.blocks import as_blocks, block_width
from graphformers.kernels.launch import WARP_SCALARS, launch_rows
from graphformers.kernels.segments.op import segment_broadcast, segment_reduce
from graphformers.kernels.softmax.kernel import softmax_kernels
from graphformers.kernels.validation import (
    HALF,
    check_floating_or_half,
    check_indices,
    check_range,
    check_segments,
    check_shape,
)

_WORK_PER_NUMBER = 10  # multiply-adds an exponential is worth


def segment_softmax(
    values: Float[Tensor, "items ..."],
    ptr: Int[Tensor, " segments_plus_1"],
    order: Int[Tensor, " items"] | None = None,
) -> Float[Tensor, "items ..."]:
    r"""Softmax over every segment, separately for each channel.

    .. math:: y_{o_i} = \frac{\exp x_{o_i}}{\sum_{p_s \le j < p_{s+1}} \exp x_{o_j}}
       \quad\text{for}\quad p_s \le i < p_{s+1}

    with ``ptr`` :math:`p` and ``order`` :math:`o`, a permutation of the items (the identity when
    left out). The result follows the order of ``values``. Items at minus infinity are masked:
    they get zero, also where a whole segment is masked. Half precision is computed in float32.
    """
    _check(values, ptr, order)
    return torch.ops.graphformers.segment_softmax(values, ptr, order)


def segment_logsumexp(
    values: Float[Tensor, "items ..."],
    ptr: Int[Tensor, " segments_plus_1"],
    order: Int[Tensor, " items"] | None = None,
) -> Float[Tensor, "segments ..."]:
    r"""Logarithm of the sum of exponentials of every segment, separately for each channel.

    .. math:: y_s = \log \sum_{p_s \le i < p_{s+1}} \exp x_{o_i}

    Finite for any finite values; a segment without items, or masked as a whole, gives minus
    infinity.
    """
    _check(values, ptr, order)
    return torch.ops.graphformers.segment_logsumexp(values, ptr, order)


def _check(values: Tensor, ptr: Tensor, order: Tensor | None) -> None:
    check_floating_or_half(values=values)
    check_indices(values.device, ptr=ptr)
    if order is not None:
        check_indices(values.device, order=order)
        check_shape("order", order, (values.shape[0],), "(items,)")


def _launch(
    name: Literal["weights", "weights_backward", "log_total"],
    ptr: Tensor,
    order: Tensor | None,
    values: tuple[Tensor, ...],
    out: Tensor,
) -> Tensor:
    """Run a kernel over blocks of channels."""
    if out.dtype in HALF:
        wide = tuple(one.float() for one in values)
        return out.copy_(_launch(name, ptr, order, wide, out.float()))
    check_segments(ptr, values[0].shape[0])
    if order is not None:
        check_range("order", order, values[0].shape[0])
    width = block_width(values[0])
    blocks = [as_blocks(one, width) for one in (*values, out)]
    kernel = getattr(softmax_kernels(width, WARP_SCALARS[out.dtype]), name)
    order = None if order is None else order.contiguous()
    work = _WORK_PER_NUMBER * values[0].numel()
    launch_rows(kernel, ptr, blocks[0].shape[1], (ptr.contiguous(), order, *blocks), work)
    return out


torch.library.define(
    "graphformers::segment_softmax", "(Tensor values, Tensor ptr, Tensor? order) -> Tensor"
)


@torch.library.impl("graphformers::segment_softmax", ("cpu", "cuda"))
def _softmax(values: Tensor, ptr: Tensor, order: Tensor | None) -> Tensor:
    out = values.new_empty(values.shape)
    return _launch("weights", ptr, order, (values,), out)


@torch.library.register_fake("graphformers::segment_softmax")
def _softmax_shape(values: Tensor, ptr: Tensor, order: Tensor | None) -> Tensor:
    return values.new_empty(values.shape)


def _softmax_setup(ctx, inputs, output) -> None:
    ctx.save_for_backward(output, *inputs[1:])


def _softmax_backward(ctx, grad: Tensor):
    return torch.ops.graphformers.segment_softmax_backward(grad, *ctx.saved_tensors), None, None


torch.library.register_autograd(
    "graphformers::segment_softmax", _softmax_backward, setup_context=_softmax_setup
)


torch.library.define(
    "graphformers::segment_softmax_backward",
    "(Tensor grad, Tensor weight, Tensor ptr, Tensor? order) -> Tensor",
)


@torch.library.impl("graphformers::segment_softmax_backward", ("cpu", "cuda"))
def _pull_back(grad: Tensor, weight: Tensor, ptr: Tensor, order: Tensor | None) -> Tensor:
    out = weight.new_empty(weight.shape)
    return _launch("weights_backward", ptr, order, (weight, grad), out)


@torch.library.register_fake("graphformers::segment_softmax_backward")
def _pull_back_shape(grad: Tensor, weight: Tensor, ptr: Tensor, order: Tensor | None) -> Tensor:
    return weight.new_empty(weight.shape)


def _pull_back_setup(ctx, inputs, output) -> None:
    ctx.save_for_backward(*inputs)


def _pull_back_backward(ctx, pull: Tensor):
    r"""Differentiate :math:`w_i (g_i - \sum_j w_j g_j)`, which in ``g`` is its own adjoint."""
    grad, weight, ptr, order = ctx.saved_tensors

    def segment_total(values: Tensor) -> Tensor:
        total = segment_reduce(values, ptr, "sum", order)
        return segment_broadcast(total, ptr, order, items=values.shape[0])

    grad_weight = pull * (grad - segment_total(weight * grad)) - grad * segment_total(weight * pull)
    grad_grad = torch.ops.graphformers.segment_softmax_backward(pull, weight, ptr, order)
    return grad_grad, grad_weight, None, None


torch.library.register_autograd(
    "graphformers::segment_softmax_backward", _pull_back_backward, setup_context=_pull_back_setup
)


torch.library.define(
    "graphformers::segment_logsumexp", "(Tensor values, Tensor ptr, Tensor? order) -> Tensor"
)


@torch.library.impl("graphformers::segment_logsumexp", ("cpu", "cuda"))
def _logsumexp(values: Tensor, ptr: Tensor, order: Tensor | None) -> Tensor:
    return _launch("log_total", ptr, order, (values,), _logsumexp_shape(values, ptr, order))


@torch.library.register_fake("graphformers::segment_logsumexp")
def _logsumexp_shape(values: Tensor, ptr: Tensor, order: Tensor | None) -> Tensor:
    return values.new_empty(ptr.shape[0] - 1, *values.shape[1:])


def _logsumexp_setup(ctx, inputs, output) -> None:
    ctx.save_for_backward(*inputs)


def _logsumexp_backward(ctx, grad: Tensor):
    values, ptr, order = ctx.saved_tensors
    weight = torch.ops.graphformers.segment_softmax(values, ptr, order)
    return weight * segment_broadcast(grad, ptr, order, items=values.shape[0]), None, None


torch.library.register_autograd(
    "graphformers::segment_logsumexp", _logsumexp_backward, setup_context=_logsumexp_setup
)
