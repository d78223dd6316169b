"""Softmax over segments."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.kernels.launch import WARP_SCALARS, launch_rows
from graphformers.kernels.segments.op import segment_broadcast, segment_reduce
from graphformers.kernels.softmax.kernel import softmax_kernel
from graphformers.kernels.validation import (
    check_floating,
    check_indices,
    check_segments,
    check_shape,
)


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
    they get zero, also where a whole segment is masked.
    """
    check_floating(values=values)
    check_indices(values.device, ptr=ptr)
    if order is not None:
        check_indices(values.device, order=order)
        check_shape("order", order, (values.shape[0],), "(items,)")
    return torch.ops.graphformers.segment_softmax(values, ptr, order)


torch.library.define(
    "graphformers::segment_softmax", "(Tensor values, Tensor ptr, Tensor? order) -> Tensor"
)


@torch.library.impl("graphformers::segment_softmax", ("cpu", "cuda"))
def _softmax(values: Tensor, ptr: Tensor, order: Tensor | None) -> Tensor:
    check_segments(ptr, values.shape[0])
    rows = values.contiguous().flatten(1) if values.ndim > 1 else values.contiguous().unsqueeze(1)
    out = torch.empty_like(rows)
    ptr, order = ptr.contiguous(), None if order is None else order.contiguous()
    kernel = softmax_kernel(WARP_SCALARS[values.dtype])
    launch_rows(kernel, ptr, rows.shape[1], (ptr, order, rows, out), work=10 * rows.numel())
    return out.view(values.shape)


@torch.library.register_fake("graphformers::segment_softmax")
def _softmax_shape(values: Tensor, ptr: Tensor, order: Tensor | None) -> Tensor:
    return values.new_empty(values.shape)


def _setup(ctx, inputs, output) -> None:
    _, ptr, order = inputs
    ctx.save_for_backward(output, ptr, order)


def _backward(ctx, grad: Tensor):
    weight, ptr, order = ctx.saved_tensors
    pull = weight * grad
    mean = segment_reduce(pull, ptr, "sum", order)
    spread = segment_broadcast(mean, ptr, order, items=weight.shape[0])
    return pull - weight * spread, None, None


torch.library.register_autograd("graphformers::segment_softmax", _backward, setup_context=_setup)
