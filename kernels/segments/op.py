"""Reducing the segments of a tensor, and handing a value back to every item of its segment.

The two are adjoint, so each is the other's backward pass, to any order of differentiation.
"""

import math
from typing import Literal, TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.launch import WARP_SCALARS, launch_rows
from graphformers.kernels.segments.kernel import segment_kernels
from graphformers.kernels.validation import (
    check_floating,
    check_indices,
    check_segments,
    check_shape,
)

Reduction: TypeAlias = Literal["sum", "mean", "max", "min"]

# One CPU thread takes a stretch of cache lines; CUDA threads side by side take 16 bytes each.
_WIDEST_BLOCK = {"cpu": 64, "cuda": 4}


def segment_reduce(
    values: Float[Tensor, "items ..."],
    ptr: Int[Tensor, " segments_plus_1"],
    reduce: Reduction = "sum",
    order: Int[Tensor, " items"] | None = None,
) -> Float[Tensor, "segments ..."]:
    r"""Reduce every segment of ``values`` to one row.

    .. math:: y_s = \bigoplus_{p_s \le i < p_{s+1}} x_{o_i}

    with ``reduce`` :math:`\oplus`, ``ptr`` :math:`p` and ``order`` :math:`o`, a permutation of the
    items (the identity when left out). An empty segment gives zero; equal extremes share the
    gradient evenly.

    To sum messages, given in the caller's edge order, into the targets of a pattern::

        segment_reduce(messages, pattern.row_ptr, "sum", pattern.edge)
    """
    _check(values, ptr, order)
    if order is not None:
        check_shape("order", order, (values.shape[0],), "(items,)")
    if reduce == "sum":
        return torch.ops.graphformers.segment_sum(values, ptr, order)
    if reduce == "mean":
        total = torch.ops.graphformers.segment_sum(values, ptr, order)
        return total / _per_row(ptr.diff().clamp(min=1), values)
    if reduce in ("max", "min"):
        return torch.ops.graphformers.segment_extreme(values, ptr, order, reduce == "max")
    raise ShapeError(f"reduce must be 'sum', 'mean', 'max' or 'min'; got {reduce!r}")


def segment_broadcast(
    values: Float[Tensor, "segments ..."],
    ptr: Int[Tensor, " segments_plus_1"],
    order: Int[Tensor, " items"] | None = None,
    items: int | None = None,
) -> Float[Tensor, "items ..."]:
    r"""Give every item the row of its segment: the adjoint of the segment sum.

    .. math:: y_{o_i} = x_s \quad\text{for}\quad p_s \le i < p_{s+1}

    ``items`` is the length of ``order``; without an order it is read from the end of ``ptr``,
    which compiled code cannot do: say it there.

    To give edges, in the caller's order, the features of their targets::

        segment_broadcast(x, pattern.row_ptr, pattern.edge)
    """
    _check(values, ptr, order)
    check_shape("ptr", ptr, (values.shape[0] + 1,), "(segments + 1,)")
    if items is None:
        items = int(ptr[-1]) if order is None else order.shape[0]
    return torch.ops.graphformers.segment_broadcast(values, ptr, order, items)


def _check(values: Tensor, ptr: Tensor, order: Tensor | None) -> None:
    check_floating(values=values)
    check_indices(values.device, ptr=ptr)
    if order is not None:
        check_indices(values.device, order=order)
    if values.ndim == 0 or ptr.shape[0] == 0:
        raise ShapeError("values needs an axis of items, and ptr the end of the last segment")


def _per_row(numbers: Tensor, values: Tensor) -> Tensor:
    """One number per row, shaped to broadcast over the channels of ``values``."""
    return numbers.to(values.dtype).reshape(-1, *[1] * (values.ndim - 1))


def _launch(
    name: Literal["total", "extreme", "broadcast"],
    values: Tensor,
    ptr: Tensor,
    order: Tensor | None,
    rows: int,
    *options: float,
) -> Tensor:
    """Run a segment kernel over blocks of channels; the result has ``rows`` rows."""
    items = rows if name == "broadcast" else values.shape[0]
    check_segments(ptr, items if order is None else order.shape[0])
    channels = math.prod(values.shape[1:])
    width = 1
    while width < _WIDEST_BLOCK[values.device.type] and channels % (2 * width) == 0:
        width *= 2
    blocks = channels // width
    out = values.new_empty(rows, *values.shape[1:])
    values_blocks = values.contiguous().view(values.shape[0], blocks, width)
    out_blocks = out.view(rows, blocks, width)
    ptr, order = ptr.contiguous(), None if order is None else order.contiguous()
    kernel = getattr(segment_kernels(width, WARP_SCALARS[values.dtype]), name)
    work = max(values.numel(), out.numel())
    launch_rows(kernel, ptr, blocks, (ptr, order, values_blocks, *options, out_blocks), work)
    return out


torch.library.define(
    "graphformers::segment_sum", "(Tensor values, Tensor ptr, Tensor? order) -> Tensor"
)


@torch.library.impl("graphformers::segment_sum", ("cpu", "cuda"))
def _sum(values: Tensor, ptr: Tensor, order: Tensor | None) -> Tensor:
    return _launch("total", values, ptr, order, ptr.shape[0] - 1)


@torch.library.register_fake("graphformers::segment_sum")
def _sum_shape(values: Tensor, ptr: Tensor, order: Tensor | None) -> Tensor:
    return values.new_empty(ptr.shape[0] - 1, *values.shape[1:])


def _sum_setup(ctx, inputs, output) -> None:
    values, ptr, order = inputs
    ctx.save_for_backward(ptr, order)
    ctx.items = values.shape[0]


def _sum_backward(ctx, grad: Tensor):
    ptr, order = ctx.saved_tensors
    return torch.ops.graphformers.segment_broadcast(grad, ptr, order, ctx.items), None, None


torch.library.register_autograd(
    "graphformers::segment_sum", _sum_backward, setup_context=_sum_setup
)


torch.library.define(
    "graphformers::segment_broadcast",
    "(Tensor values, Tensor ptr, Tensor? order, SymInt items) -> Tensor",
)


@torch.library.impl("graphformers::segment_broadcast", ("cpu", "cuda"))
def _broadcast(values: Tensor, ptr: Tensor, order: Tensor | None, items: int) -> Tensor:
    return _launch("broadcast", values, ptr, order, items)


@torch.library.register_fake("graphformers::segment_broadcast")
def _broadcast_shape(values: Tensor, ptr: Tensor, order: Tensor | None, items: int) -> Tensor:
    return values.new_empty(items, *values.shape[1:])


def _broadcast_setup(ctx, inputs, output) -> None:
    ctx.save_for_backward(inputs[1], inputs[2])


def _broadcast_backward(ctx, grad: Tensor):
    ptr, order = ctx.saved_tensors
    return torch.ops.graphformers.segment_sum(grad, ptr, order), None, None, None


torch.library.register_autograd(
    "graphformers::segment_broadcast", _broadcast_backward, setup_context=_broadcast_setup
)


torch.library.define(
    "graphformers::segment_extreme",
    "(Tensor values, Tensor ptr, Tensor? order, bool largest) -> Tensor",
)


@torch.library.impl("graphformers::segment_extreme", ("cpu", "cuda"))
def _extreme(values: Tensor, ptr: Tensor, order: Tensor | None, largest: bool) -> Tensor:
    return _launch("extreme", values, ptr, order, ptr.shape[0] - 1, 1.0 if largest else -1.0)


@torch.library.register_fake("graphformers::segment_extreme")
def _extreme_shape(values: Tensor, ptr: Tensor, order: Tensor | None, largest: bool) -> Tensor:
    return values.new_empty(ptr.shape[0] - 1, *values.shape[1:])


def _extreme_setup(ctx, inputs, output) -> None:
    values, ptr, order, _ = inputs
    ctx.save_for_backward(values, ptr, order, output)


def _extreme_backward(ctx, grad: Tensor):
    values, ptr, order, extreme = ctx.saved_tensors
    ops, items = torch.ops.graphformers, values.shape[0]
    attains = (values == ops.segment_broadcast(extreme, ptr, order, items)).to(grad.dtype)
    share = grad / ops.segment_sum(attains, ptr, order).clamp(min=1)
    return attains * ops.segment_broadcast(share, ptr, order, items), None, None, None


torch.library.register_autograd(
    "graphformers::segment_extreme", _extreme_backward, setup_context=_extreme_setup
)
