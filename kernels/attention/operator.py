"""The torch operator around the attention kernels: schema, dispatch, shapes, gradients."""

from collections.abc import Sequence

import torch
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.attention.dense import attend_densely, is_dense, pull_back_densely
from graphformers.kernels.attention.edge_kernel import Shape
from graphformers.kernels.attention.kernel import AttentionKernels, attention_kernels
from graphformers.kernels.attention.reference import (
    AttentionSettings,
    AttentionTensors,
    attention_second_order,
)
from graphformers.kernels.launch import WARP_SCALARS, launch_rows
from graphformers.kernels.pattern import SparsePattern
from graphformers.kernels.segments.op import segment_reduce

_TENSORS = (
    "Tensor query, Tensor key, Tensor value, Tensor? edge, Tensor? channel_weight,"
    " Tensor? bias, Tensor? gate, Tensor? seed"
)
_SETTINGS = "str score, float scale, float clamp, float dropout"
# The pattern and its transpose, each as ptr, other end, caller's edge. In place of the transpose,
# the first node of every block that no edge leaves will do, as column_ptr alone; largest_block is
# then the size of the largest if all blocks are complete, and 0 in all other cases.
_ROWS = "Tensor row_ptr, Tensor source, Tensor row_edge"
torch.library.define(
    "graphformers::sparse_attention",
    f"({_TENSORS}, {_SETTINGS}, bool sums_pairs, bool gives_pairs, {_ROWS},"
    " Tensor? column_ptr, Tensor? target, Tensor? column_edge, int largest_block)"
    " -> (Tensor out, Tensor pair_sum, Tensor pairs, Tensor lse)",
)
torch.library.define(
    "graphformers::sparse_attention_backward",
    "(Tensor grad_out, Tensor? grad_pair_sum, Tensor? grad_pairs,"
    f" {_TENSORS}, {_SETTINGS}, bool[] wanted, {_ROWS},"
    " Tensor column_ptr, Tensor? target, Tensor? column_edge, int largest_block,"
    " Tensor out, Tensor pair_sum, Tensor lse)"
    " -> (Tensor query, Tensor key, Tensor value, Tensor edge, Tensor channel_weight,"
    " Tensor bias, Tensor gate)",
)
_TENSOR_COUNT, _SETTING_COUNT = len(AttentionTensors._fields), len(AttentionSettings._fields)
_ROWS_PER_BLOCK = 1024


@torch.library.impl("graphformers::sparse_attention", ("cpu", "cuda"))
def _attend(*arguments) -> tuple[Tensor, ...]:
    tensors, settings, (sums_pairs, gives_pairs, *pattern) = _split(arguments)
    rows = _contiguous(pattern[:3])
    given = _as_computed(tensors)
    results = _empty_results(given, sums_pairs, gives_pairs, rows[1])
    out, pair_sum, pairs, lse = results
    bad = lse.new_zeros(1, dtype=torch.int32)
    if is_dense(given, settings, pattern[6], sums_pairs or gives_pairs):
        attend_densely(given, settings, pattern, (out, lse, bad))
        check_indices_found(bad)
        return *(one.to(tensors.query.dtype) for one in results[:3]), lse
    kernels, lanes, work = _specialise(given, settings, rows[1])
    written = (out, lse, pair_sum if sums_pairs else None, pairs if gives_pairs else None, bad)
    inputs = (*given, *settings[1:], given.key.shape[0], *written)
    launch_rows(kernels.forward, rows[0], lanes, (*rows, *inputs), work)
    check_indices_found(bad)
    return *(one.to(tensors.query.dtype) for one in results[:3]), lse


@torch.library.register_fake("graphformers::sparse_attention")
def _attend_shapes(*arguments) -> tuple[Tensor, ...]:
    tensors, _, (sums_pairs, gives_pairs, *pattern) = _split(arguments)
    return _empty_results(tensors, sums_pairs, gives_pairs, pattern[1])


def _empty_results(
    tensors: AttentionTensors, sums_pairs: bool, gives_pairs: bool, source: Tensor
) -> tuple[Tensor, ...]:
    query, (targets, heads, dim) = tensors.query, tensors.query.shape
    return (
        query.new_empty(targets, heads, tensors.value.shape[2]),
        query.new_empty(targets if sums_pairs else 0, heads, dim),
        query.new_empty(source.shape[0] if gives_pairs else 0, heads, dim),
        query.new_empty(targets, heads, dtype=_computed(query.dtype)),
    )


def _attend_setup(ctx, inputs, output) -> None:
    tensors, ctx.settings, (ctx.sums_pairs, ctx.gives_pairs, *pattern, largest) = _split(inputs)
    ctx.largest_block = largest
    out, pair_sum, _, lse = output
    ctx.save_for_backward(*tensors, *pattern, out, pair_sum, lse)
    ctx.mark_non_differentiable(lse)
    ctx.set_materialize_grads(False)


def _attend_backward(ctx, grad_out, grad_pair_sum, grad_pairs, _grad_lse):
    saved = ctx.saved_tensors
    tensors = AttentionTensors(*saved[:_TENSOR_COUNT])
    if grad_out is None:
        grad_out = torch.zeros_like(saved[-3])
    wanted = list(ctx.needs_input_grad[3 : _TENSOR_COUNT - 1])
    grads = torch.ops.graphformers.sparse_attention_backward(
        grad_out,
        grad_pair_sum if ctx.sums_pairs else None,
        grad_pairs if ctx.gives_pairs else None,
        *tensors,
        *ctx.settings,
        wanted,
        *saved[_TENSOR_COUNT:-3],
        ctx.largest_block,
        *saved[-3:],
    )
    optional = [grad if asked else None for grad, asked in zip(grads[3:], wanted, strict=True)]
    return *grads[:3], *optional, *[None] * (1 + _SETTING_COUNT + 2 + 7)


torch.library.register_autograd(
    "graphformers::sparse_attention", _attend_backward, setup_context=_attend_setup
)


@torch.library.impl("graphformers::sparse_attention_backward", ("cpu", "cuda"))
def _pull_back(*arguments) -> tuple[Tensor, ...]:
    tensors, settings, (wanted, *rest) = _split(arguments[3:])
    out, pair_sum, lse = rest[7:]
    given = _as_computed(tensors)
    upstream = [_cast(one, lse.dtype) for one in arguments[:3]]
    grads = _empty_grads(given, wanted)
    edge, channel_weight, bias, gate = (
        grad if asked else None for grad, asked in zip(grads[3:], wanted, strict=True)
    )
    per_row = None if channel_weight is None else torch.empty_like(given.query)
    mean, bad = torch.empty_like(lse), lse.new_zeros(1, dtype=torch.int32)
    forward = (_cast(out, lse.dtype), None if upstream[1] is None else _cast(pair_sum, lse.dtype))
    if is_dense(given, settings, rest[6], pairs=any(one is not None for one in upstream[1:])):
        passes = pull_back_densely
    else:
        passes = _backward_by_blocks if rest[4] is None else _backward_by_rows_and_columns
    known = (lse, *forward, mean, *upstream)
    passes(given, settings, rest, known, (*grads[:3], edge, per_row, bias, gate, bad))
    check_indices_found(bad)
    if per_row is not None:
        grads[4].copy_(_sum_of_rows(per_row))
    return tuple(
        grad if one is None else grad.to(one.dtype)
        for grad, one in zip(grads, tensors[:-1], strict=True)
    )


def _backward_by_rows_and_columns(
    given: AttentionTensors,
    settings: AttentionSettings,
    pattern: Sequence,
    known: Sequence[Tensor | None],
    grads: Sequence[Tensor | None],
) -> None:
    rows, columns = _contiguous(pattern[:3]), _contiguous(pattern[3:6])
    (query, key, value, *others, bad), (lse, _out, _pair_sum, *upstream) = grads, known
    kernels, lanes, work = _specialise(given, settings, rows[1])
    inputs = (None, *rows, *given, *settings[1:], given.key.shape[0], *known)
    written = (query, None, None, *others, bad)
    launch_rows(kernels.backward_rows, rows[0], lanes, (*inputs, *written), 2 * work)
    inputs = (
        None,
        *columns,
        *given,
        *settings[1:],
        given.query.shape[0],
        lse,
        None,
        None,
        *upstream,
    )
    written = (key, None, value, None, None, None, None, bad)
    launch_rows(kernels.backward_columns, columns[0], lanes, (*inputs, *written), 2 * work)


def _backward_by_blocks(
    given: AttentionTensors,
    settings: AttentionSettings,
    pattern: Sequence,
    known: Sequence[Tensor | None],
    grads: Sequence[Tensor | None],
) -> None:
    rows, blocks = _contiguous(pattern[:3]), pattern[3].contiguous()
    kernels, lanes, work = _specialise(given, settings, rows[1])
    arguments = (blocks, *rows, *given, *settings[1:], given.key.shape[0], *known, *grads)
    slots = rows[0].index_select(0, blocks)
    launch_rows(kernels.backward_blocks, slots, lanes, arguments, 3 * work)


@torch.library.register_fake("graphformers::sparse_attention_backward")
def _pull_back_shapes(*arguments) -> tuple[Tensor, ...]:
    tensors, _, (wanted, *_rest) = _split(arguments[3:])
    return tuple(_empty_grads(tensors, wanted))


def _empty_grads(tensors: AttentionTensors, wanted: Sequence[bool]) -> list[Tensor]:
    query, key, value, *optional, _ = tensors
    return [
        *(one.new_empty(one.shape) for one in (query, key, value)),
        *(
            query.new_empty(one.shape if one is not None and asked else 0)
            for one, asked in zip(optional, wanted, strict=True)
        ),
    ]


def _sum_of_rows(rows: Tensor) -> Tensor:
    """Sum in an order that no number of threads changes."""
    count = rows.shape[0]
    block = torch.arange(0, count + _ROWS_PER_BLOCK, _ROWS_PER_BLOCK, device=rows.device)
    parts = segment_reduce(rows, block.clamp(max=count))
    return segment_reduce(parts, block.new_tensor([0, parts.shape[0]])).squeeze(0)


def _pull_back_setup(ctx, inputs, output) -> None:
    tensors, ctx.settings, (_, *pattern) = _split(inputs[3:])
    ctx.save_for_backward(*inputs[:3], *tensors, *pattern[:3])


def _pull_back_backward(ctx, *grads: Tensor):
    """Differentiate the reference twice; out and lse are functions of the other inputs."""
    upstream, saved = ctx.saved_tensors[:3], ctx.saved_tensors[3:]
    tensors = AttentionTensors(*saved[:_TENSOR_COUNT])
    row_ptr, source, edge = saved[_TENSOR_COUNT:]
    pattern = SparsePattern(
        num_targets=tensors.query.shape[0],
        num_sources=tensors.key.shape[0],
        row_ptr=row_ptr,
        source=source,
        edge=edge,
    )
    by_upstream, by_tensors = attention_second_order(
        grads, upstream, tensors, ctx.settings, pattern
    )
    return *by_upstream, *by_tensors, *[None] * (_SETTING_COUNT + 1 + 7 + 3)


torch.library.register_autograd(
    "graphformers::sparse_attention_backward", _pull_back_backward, setup_context=_pull_back_setup
)


def _split(arguments: Sequence) -> tuple[AttentionTensors, AttentionSettings, Sequence]:
    """The tensors and the settings that lead the arguments, and what follows them."""
    rest = arguments[_TENSOR_COUNT:]
    return (
        AttentionTensors(*arguments[:_TENSOR_COUNT]),
        AttentionSettings(*rest[:_SETTING_COUNT]),
        rest[_SETTING_COUNT:],
    )


def _specialise(
    tensors: AttentionTensors, settings: AttentionSettings, source: Tensor
) -> tuple[AttentionKernels, int, int]:
    """Kernels for these widths, threads per row, and the multiply-adds of a forward pass."""
    (_, heads, dim), dim_v = tensors.query.shape, tensors.value.shape[2]
    on_cpu = not tensors.query.is_cuda
    group = heads if on_cpu else 1
    shape = Shape(heads, group, dim, dim_v, WARP_SCALARS[tensors.query.dtype], on_cpu)
    work = source.shape[0] * heads * (dim + dim_v)
    return attention_kernels(settings.score, shape), heads // group, work


def _computed(dtype: torch.dtype) -> torch.dtype:
    """Half precision is a way to store numbers; sums are made in float32."""
    return torch.float64 if dtype == torch.float64 else torch.float32


def _as_computed(tensors: AttentionTensors) -> AttentionTensors:
    """Contiguous, in the precision of the kernels."""
    dtype = _computed(tensors.query.dtype)
    return AttentionTensors._make((*(_cast(one, dtype) for one in tensors[:-1]), tensors.seed))


def _cast(tensor: Tensor | None, dtype: torch.dtype) -> Tensor | None:
    return None if tensor is None else tensor.to(dtype).contiguous()


def _contiguous(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    return tuple(tensor.contiguous() for tensor in tensors)


def check_indices_found(bad: Tensor) -> None:
    """Kernels skip what points nowhere and say so; asking on CUDA would stall the stream."""
    if not bad.is_cuda and bad.item():
        raise ShapeError(
            "the pattern points outside: row_ptr must rise from 0 to the number of edges, node "
            "numbers must be below num_targets and num_sources, edge numbers below the edges"
        )
