"""Reducing the segments of a tensor, and handing a value back to every item of its segment.

The two are adjoint, so each is the other's backward pass, to any order of differentiation.
"""

from typing import Literal, TypeAlias, cast

import torch
import warp as wp
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.blocks import as_blocks, block_width
from graphformers.kernels.launch import WARP_SCALARS, launch_rows
from graphformers.kernels.segments.kernel import segment_kernels, segment_of_item_kernel
from graphformers.kernels.validation import (
    HALF,
    check_floating_or_half,
    check_indices,
    check_range,
    check_segments,
    check_shape,
)

Reduction: TypeAlias = Literal["sum", "mean", "max", "min", "std"]


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
    gradient evenly. ``std`` divides by the number of items. Half precision is reduced in float32.

    To sum messages, given in the caller's edge order, into the targets of a pattern::

        segment_reduce(messages, pattern.row_ptr, "sum", pattern.edge)
    """
    _check(values, ptr, order)
    if order is not None:
        check_shape("order", order, (values.shape[0],), "(items,)")
    if reduce == "sum":
        return torch.ops.graphformers.segment_sum(values, ptr, order)
    if reduce == "mean":
        return _mean(values, ptr, order)
    if reduce == "std":
        return _standard_deviation(values, ptr, order)
    if reduce in ("max", "min"):
        return torch.ops.graphformers.segment_extreme(values, ptr, order, reduce == "max")
    raise ShapeError(f"reduce must be 'sum', 'mean', 'max', 'min' or 'std'; got {reduce!r}")


def _mean(values: Tensor, ptr: Tensor, order: Tensor | None) -> Tensor:
    total = torch.ops.graphformers.segment_sum(values, ptr, order)
    count = ptr.diff().clamp(min=1).to(values.dtype)
    return total / count.reshape(-1, *[1] * (values.ndim - 1))


def _standard_deviation(values: Tensor, ptr: Tensor, order: Tensor | None) -> Tensor:
    mean = _mean(values, ptr, order)
    spread = torch.ops.graphformers.segment_broadcast(mean, ptr, order, values.shape[0])
    variance = _mean((values - spread).square(), ptr, order)
    equal = variance == 0  # the root has no derivative there, and ours is zero
    return variance.masked_fill(equal, 1).sqrt().masked_fill(equal, 0)


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
    check_floating_or_half(values=values)
    check_indices(values.device, ptr=ptr)
    if order is not None:
        check_indices(values.device, order=order)
    if values.ndim == 0 or ptr.shape[0] == 0:
        raise ShapeError("values needs an axis of items, and ptr the end of the last segment")


def _check_slots(ptr: Tensor, order: Tensor | None, items: int) -> None:
    """Slots that name existing items."""
    check_segments(ptr, items if order is None else order.shape[0])
    if order is not None:
        check_range("order", order, items)


def _launch(
    name: Literal["total", "extreme", "extreme_backward"],
    ptr: Tensor,
    order: Tensor | None,
    arguments: tuple[Tensor | float, ...],
    out: Tensor,
) -> Tensor:
    """Run a segment kernel over blocks of channels; ``arguments`` start with the values."""
    if out.dtype in HALF:
        wide = tuple(one.float() if isinstance(one, Tensor) else one for one in arguments)
        return out.copy_(_launch(name, ptr, order, wide, out.float()))
    values = cast(Tensor, arguments[0])
    _check_slots(ptr, order, values.shape[0])
    width = block_width(values)
    blocks = [as_blocks(one, width) if isinstance(one, Tensor) else one for one in arguments]
    kernel = getattr(segment_kernels(width, WARP_SCALARS[values.dtype]), name)
    order = None if order is None else order.contiguous()
    out_blocks = as_blocks(out, width)
    given = (ptr.contiguous(), order, *blocks, out_blocks)
    launch_rows(kernel, ptr, out_blocks.shape[1], given, work=values.numel())
    return out


torch.library.define(
    "graphformers::segment_sum", "(Tensor values, Tensor ptr, Tensor? order) -> Tensor"
)


@torch.library.impl("graphformers::segment_sum", ("cpu", "cuda"))
def _sum(values: Tensor, ptr: Tensor, order: Tensor | None) -> Tensor:
    out = values.new_empty(ptr.shape[0] - 1, *values.shape[1:])
    return _launch("total", ptr, order, (values,), out)


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
    _check_slots(ptr, order, items)
    segment = ptr.new_empty(items)
    order = None if order is None else order.contiguous()
    kernel = cast(wp.Kernel, segment_of_item_kernel)  # what the decorator made of the function
    launch_rows(kernel, ptr, 1, (ptr.contiguous(), order, segment), work=items)
    out = values.new_empty(items, *values.shape[1:])
    # in the order of the items: rows are written in turn
    return torch.index_select(values, 0, segment, out=out)


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
    out = values.new_empty(ptr.shape[0] - 1, *values.shape[1:])
    return _launch("extreme", ptr, order, (values, 1.0 if largest else -1.0), out)


@torch.library.register_fake("graphformers::segment_extreme")
def _extreme_shape(values: Tensor, ptr: Tensor, order: Tensor | None, largest: bool) -> Tensor:
    return values.new_empty(ptr.shape[0] - 1, *values.shape[1:])


def _extreme_setup(ctx, inputs, output) -> None:
    values, ptr, order, _ = inputs
    ctx.save_for_backward(values, ptr, order, output)


def _extreme_backward(ctx, grad: Tensor):
    values, ptr, order, extreme = ctx.saved_tensors
    pull_back = torch.ops.graphformers.segment_extreme_backward
    return pull_back(grad, values, extreme, ptr, order), None, None, None


torch.library.register_autograd(
    "graphformers::segment_extreme", _extreme_backward, setup_context=_extreme_setup
)


torch.library.define(
    "graphformers::segment_extreme_backward",
    "(Tensor grad, Tensor values, Tensor extreme, Tensor ptr, Tensor? order) -> Tensor",
)


@torch.library.impl("graphformers::segment_extreme_backward", ("cpu", "cuda"))
def _pull_back(grad, values, extreme, ptr, order) -> Tensor:
    out = values.new_empty(values.shape)
    return _launch("extreme_backward", ptr, order, (values, extreme, grad), out)


@torch.library.register_fake("graphformers::segment_extreme_backward")
def _pull_back_shape(grad, values, extreme, ptr, order) -> Tensor:
    return values.new_empty(values.shape)


def _pull_back_setup(ctx, inputs, output) -> None:
    ctx.save_for_backward(*inputs[1:])


def _pull_back_backward(ctx, grad: Tensor):
    """The pull-back is linear in the gradient: a mean over the items that attain the extreme."""
    values, extreme, ptr, order = ctx.saved_tensors
    ops, items = torch.ops.graphformers, values.shape[0]
    attains = (values == ops.segment_broadcast(extreme, ptr, order, items)).to(grad.dtype)
    count = ops.segment_sum(attains, ptr, order).clamp(min=1)
    return ops.segment_sum(attains * grad, ptr, order) / count, None, None, None, None


torch.library.register_autograd(
    "graphformers::segment_extreme_backward", _pull_back_backward, setup_context=_pull_back_setup
)
