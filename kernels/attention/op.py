"""Softmax attention over a sparsity pattern."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.attention.kernel import attention_kernels
from graphformers.kernels.attention.reference import sparse_attention_second_order
from graphformers.kernels.launch import WARP_SCALARS, launch_rows
from graphformers.kernels.pattern import SparsePattern
from graphformers.kernels.validation import check_floating, check_indices, check_shape


def sparse_attention(
    query: Float[Tensor, "targets heads dim"],
    key: Float[Tensor, "sources heads dim"],
    value: Float[Tensor, "sources heads dim_v"],
    pattern: SparsePattern,
    bias: Float[Tensor, "edges heads"] | None = None,
    scale: float | None = None,
) -> Float[Tensor, "targets heads dim_v"]:
    r"""Attend along the edges of a pattern, each head on its own.

    .. math:: y_i = \sum_{j \to i} w_{ij} v_j, \qquad
       w_{ij} = \mathrm{softmax}_j\bigl(\lambda\, q_i \cdot k_j + b_{ij}\bigr)

    ``bias`` follows the caller's edge order; minus infinity masks an edge. ``scale``
    :math:`\lambda` defaults to ``dim ** -0.5``. A row without edges gives zeros. Only the output
    and one number per row and head are kept for the backward pass, never a tensor over edges.
    """
    _check(query, key, value, pattern, bias)
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    inputs = [tensor for tensor in (query, key, value, bias) if tensor is not None]
    columns: tuple[Tensor | None, ...] = (None, None, None)
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs):
        columns = _slots(pattern.transposed)
    out, _ = torch.ops.graphformers.sparse_attention(
        query, key, value, bias, scale, *_slots(pattern), *columns
    )
    return out


def _slots(pattern: SparsePattern) -> tuple[Tensor, Tensor, Tensor]:
    return pattern.row_ptr, pattern.source, pattern.edge


def _check(
    query: Tensor, key: Tensor, value: Tensor, pattern: SparsePattern, bias: Tensor | None
) -> None:
    if query.ndim != 3 or key.ndim != 3 or value.ndim != 3:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in (query, key, value))
        raise ShapeError(f"query, key and value must be (nodes, heads, channels); got {shapes}")
    heads, dim, dim_v = query.shape[1], query.shape[2], value.shape[2]
    if min(heads, dim, dim_v) < 1:
        raise ShapeError(f"need a head and a channel; got {heads} heads of {dim} and {dim_v}")
    targets, sources = pattern.num_targets, pattern.num_sources
    check_shape("query", query, (targets, heads, dim), "(targets, heads, dim)")
    check_shape("key", key, (sources, heads, dim), "(sources, heads, dim)")
    check_shape("value", value, (sources, heads, dim_v), "(sources, heads, dim_v)")
    check_floating(query=query, key=key, value=value)
    if bias is not None:
        check_shape("bias", bias, (pattern.num_edges, heads), "(edges, heads)")
        check_floating(query=query, bias=bias)
    check_indices(query.device, row_ptr=pattern.row_ptr, source=pattern.source, edge=pattern.edge)


# ``rows`` and ``columns`` are the pattern and its transpose, each as ptr, other end, caller's edge.
_INPUTS = "Tensor query, Tensor key, Tensor value, Tensor? bias, float scale"
_ROWS = "Tensor row_ptr, Tensor source, Tensor row_edge"
torch.library.define(
    "graphformers::sparse_attention",
    f"({_INPUTS}, {_ROWS}, Tensor? column_ptr, Tensor? target, Tensor? column_edge)"
    " -> (Tensor out, Tensor lse)",
)
torch.library.define(
    "graphformers::sparse_attention_backward",
    f"(Tensor grad_out, {_INPUTS}, {_ROWS}, Tensor column_ptr, Tensor target, Tensor column_edge,"
    " Tensor out, Tensor lse)"
    " -> (Tensor grad_query, Tensor grad_key, Tensor grad_value, Tensor grad_bias)",
)


@torch.library.impl("graphformers::sparse_attention", ("cpu", "cuda"))
def _attend(query, key, value, bias, scale, *pattern) -> tuple[Tensor, Tensor]:
    rows = pattern[:3]
    inputs = _contiguous(query, key, value, bias)
    out, lse = _attend_shapes(query, key, value, bias, scale)
    kernels, heads, work = _specialise(query, value, rows)
    arguments = (*rows, *inputs, scale, out, lse)
    launch_rows(kernels.forward, rows[0], heads, arguments, work)
    return out, lse


@torch.library.register_fake("graphformers::sparse_attention")
def _attend_shapes(query, key, value, bias, scale, *pattern) -> tuple[Tensor, Tensor]:
    targets, heads, _ = query.shape
    return query.new_empty(targets, heads, value.shape[2]), query.new_empty(targets, heads)


def _attend_setup(ctx, inputs, output) -> None:
    *tensors, ctx.scale = *inputs[:4], *inputs[5:], inputs[4]
    ctx.save_for_backward(*tensors, *output)
    ctx.mark_non_differentiable(output[1])


def _attend_backward(ctx, grad_out: Tensor, _grad_lse: Tensor):
    *inputs, out, lse = ctx.saved_tensors
    grads = torch.ops.graphformers.sparse_attention_backward(
        grad_out, *inputs[:4], ctx.scale, *inputs[4:], out, lse
    )
    grad_bias = None if inputs[3] is None else grads[3]
    return *grads[:3], grad_bias, *[None] * 7


torch.library.register_autograd(
    "graphformers::sparse_attention", _attend_backward, setup_context=_attend_setup
)


@torch.library.impl("graphformers::sparse_attention_backward", ("cpu", "cuda"))
def _pull_back(grad_out, query, key, value, bias, scale, *pattern_and_result):
    rows, columns = pattern_and_result[:3], pattern_and_result[3:6]
    out, lse = pattern_and_result[6:]
    given = (*_contiguous(query, key, value, bias), scale)
    grads = _pull_back_shapes(grad_out, query, key, value, bias)
    grad_query, grad_key, grad_value = grads[:3]
    grad_bias = None if bias is None else grads[3]
    grad_out, mean = grad_out.contiguous(), torch.empty_like(lse)
    kernels, heads, work = _specialise(query, value, rows)
    arguments = (*rows, *given, lse, grad_out, out, mean, grad_query, grad_bias)
    launch_rows(kernels.backward_rows, rows[0], heads, arguments, 2 * work)
    arguments = (*columns, *given, lse, grad_out, mean, grad_key, grad_value)
    launch_rows(kernels.backward_columns, columns[0], heads, arguments, 2 * work)
    return grads


@torch.library.register_fake("graphformers::sparse_attention_backward")
def _pull_back_shapes(grad_out, query, key, value, bias, *_rest):
    grads = [tensor.new_empty(tensor.shape) for tensor in (query, key, value)]
    return *grads, query.new_empty(0) if bias is None else bias.new_empty(bias.shape)


def _specialise(query: Tensor, value: Tensor, rows: Sequence[Tensor]):
    """Kernels for these widths, the number of heads, and the multiply-adds of a forward pass."""
    heads, dim, dim_v = query.shape[1], query.shape[2], value.shape[2]
    kernels = attention_kernels(dim, dim_v, WARP_SCALARS[query.dtype])
    return kernels, heads, rows[1].shape[0] * heads * (dim + dim_v)


def _contiguous(*tensors: Tensor | None) -> list[Tensor | None]:
    return [None if tensor is None else tensor.contiguous() for tensor in tensors]


def _pull_back_setup(ctx, inputs, output) -> None:
    *tensors, ctx.scale = *inputs[:5], *inputs[6:9], inputs[5]
    ctx.save_for_backward(*tensors)


def _pull_back_backward(ctx, *grads: Tensor):
    """Differentiate the reference twice; out and lse are functions of the other inputs."""
    grad_out, query, key, value, bias, row_ptr, source, edge = ctx.saved_tensors
    pattern = SparsePattern(
        num_targets=query.shape[0],
        num_sources=key.shape[0],
        row_ptr=row_ptr,
        source=source,
        edge=edge,
    )
    inputs = (grad_out, query, key, value, bias)
    second = sparse_attention_second_order(grads, inputs, pattern, ctx.scale)
    return *second, *[None] * 9


torch.library.register_autograd(
    "graphformers::sparse_attention_backward", _pull_back_backward, setup_context=_pull_back_setup
)
