"""Sparse attention for one head width, value width and precision: forward, row pass, column pass.

Every number of the results has one writer, so two runs agree bit for bit. Weights are never stored:
the backward passes recompute them from the log-sum-exp of the row.

=============  ============================  =====================================================
row_ptr        (rows + 1,)                   first slot of every row
column         (edges,)                      other end of every slot
edge           (edges,)                      caller's number of every slot
query          (targets, heads) vectors      likewise out and grad_out
key, value     (sources, heads) vectors
bias           (edges, heads) or null        added to the logits, in the caller's order
lse            (targets, heads)              log of the sum of the exponentials of a row
mean           (targets, heads)              grad_out . out, the mean of grad_weight over the row
=============  ============================  =====================================================

All kernels run one thread per (row, head); ``first`` is the first row of a chunk. An edge whose
logit is minus infinity is masked, and a row without other edges gives zeros.
"""

from functools import cache
from typing import NamedTuple, no_type_check

import warp as wp

_LANES = 8

# The running maximum may lag behind the true one by this much: exp(8) is harmless, and rescaling
# (a branch no processor can predict) becomes rare.
_SLACK = 8.0


class AttentionKernels(NamedTuple):
    """The three launches of one specialisation."""

    forward: wp.Kernel
    backward_rows: wp.Kernel
    backward_columns: wp.Kernel


@cache
def attention_kernels(dim: int, dim_v: int, scalar: type) -> AttentionKernels:
    """Kernels for queries and keys of ``dim`` and values of ``dim_v`` channels.

    One module holds all three, so that a new width compiles once.
    """
    module = wp.get_module(f"graphformers.attention.{dim}.{dim_v}.{scalar.__name__}")
    key_vector = wp.types.vector(dim, scalar)
    value_vector = wp.types.vector(dim_v, scalar)
    types = (module, key_vector, value_vector, scalar)
    dots = (_dot(dim, scalar), _dot(dim_v, scalar))
    return AttentionKernels(
        _forward(*types, dots[0]), _backward_rows(*types, *dots), _backward_columns(*types, *dots)
    )


@cache
@no_type_check
def _dot(dim: int, scalar: type) -> wp.Function:
    """Dot product in eight partial sums: one sum would wait for every addition in turn."""
    vector = wp.types.vector(dim, scalar)
    lanes = wp.types.vector(_LANES, scalar)
    whole = dim // _LANES

    @wp.func
    def lanes_dot(left: vector, right: vector):
        part = lanes()
        for block in range(whole):
            for lane in range(_LANES):
                channel = _LANES * block + lane
                part[lane] += left[channel] * right[channel]
        low = (part[0] + part[4]) + (part[2] + part[6])
        total = low + ((part[1] + part[5]) + (part[3] + part[7]))
        for channel in range(whole * _LANES, dim):
            total += left[channel] * right[channel]
        return total

    return lanes_dot


@no_type_check
def _forward(
    module: wp.Module, key_vector: type, value_vector: type, scalar: type, dot_key: wp.Function
) -> wp.Kernel:
    @wp.kernel(enable_backward=False, module=module)
    def forward_kernel(
        first: int,
        row_ptr: wp.array[wp.int64],
        column: wp.array[wp.int64],
        edge: wp.array[wp.int64],
        query: wp.array2d[key_vector],
        key: wp.array2d[key_vector],
        value: wp.array2d[value_vector],
        bias: wp.array2d[scalar],
        scale: scalar,
        out: wp.array2d[value_vector],  # written
        lse: wp.array2d[scalar],  # written
    ):
        offset, head = wp.tid()
        row = first + offset
        peak = scalar(-wp.inf)
        total = scalar(0.0)
        mixed = value_vector()
        for slot in range(int(row_ptr[row]), int(row_ptr[row + 1])):
            source = int(column[slot])
            logit = scale * dot_key(query[row, head], key[source, head])
            if bias:
                logit += bias[int(edge[slot]), head]
            if logit > peak + scalar(_SLACK):
                shrink = wp.exp(peak - logit)
                total *= shrink
                mixed *= shrink
                peak = logit
            if logit != scalar(-wp.inf):
                weight = wp.exp(logit - peak)
                total += weight
                mixed += weight * value[source, head]
        if total != scalar(0.0):
            mixed /= total
        out[row, head] = mixed
        lse[row, head] = peak + wp.log(total)

    return forward_kernel


@no_type_check
def _backward_rows(
    module: wp.Module,
    key_vector: type,
    value_vector: type,
    scalar: type,
    dot_key: wp.Function,
    dot_value: wp.Function,
) -> wp.Kernel:
    @wp.kernel(enable_backward=False, module=module)
    def backward_rows_kernel(
        first: int,
        row_ptr: wp.array[wp.int64],
        column: wp.array[wp.int64],
        edge: wp.array[wp.int64],
        query: wp.array2d[key_vector],
        key: wp.array2d[key_vector],
        value: wp.array2d[value_vector],
        bias: wp.array2d[scalar],
        scale: scalar,
        lse: wp.array2d[scalar],
        grad_out: wp.array2d[value_vector],
        out: wp.array2d[value_vector],
        mean: wp.array2d[scalar],  # written
        grad_query: wp.array2d[key_vector],  # written
        grad_bias: wp.array2d[scalar],  # written, or null
    ):
        offset, head = wp.tid()
        row = first + offset
        row_mean = dot_value(grad_out[row, head], out[row, head])
        total = key_vector()
        for slot in range(int(row_ptr[row]), int(row_ptr[row + 1])):
            source = int(column[slot])
            logit = scale * dot_key(query[row, head], key[source, head])
            if bias:
                logit += bias[int(edge[slot]), head]
            grad_logit = scalar(0.0)
            if logit != scalar(-wp.inf):
                grad_weight = dot_value(grad_out[row, head], value[source, head])
                grad_logit = wp.exp(logit - lse[row, head]) * (grad_weight - row_mean)
                total += grad_logit * key[source, head]
            if grad_bias:
                grad_bias[int(edge[slot]), head] = grad_logit
        mean[row, head] = row_mean
        grad_query[row, head] = scale * total

    return backward_rows_kernel


@no_type_check
def _backward_columns(
    module: wp.Module,
    key_vector: type,
    value_vector: type,
    scalar: type,
    dot_key: wp.Function,
    dot_value: wp.Function,
) -> wp.Kernel:
    @wp.kernel(enable_backward=False, module=module)
    def backward_columns_kernel(
        first: int,
        row_ptr: wp.array[wp.int64],  # of the transposed pattern, whose rows are the sources
        column: wp.array[wp.int64],
        edge: wp.array[wp.int64],
        query: wp.array2d[key_vector],
        key: wp.array2d[key_vector],
        value: wp.array2d[value_vector],
        bias: wp.array2d[scalar],
        scale: scalar,
        lse: wp.array2d[scalar],
        grad_out: wp.array2d[value_vector],
        mean: wp.array2d[scalar],
        grad_key: wp.array2d[key_vector],  # written
        grad_value: wp.array2d[value_vector],  # written
    ):
        offset, head = wp.tid()
        source = first + offset
        total_key = key_vector()
        total_value = value_vector()
        for slot in range(int(row_ptr[source]), int(row_ptr[source + 1])):
            target = int(column[slot])
            logit = scale * dot_key(query[target, head], key[source, head])
            if bias:
                logit += bias[int(edge[slot]), head]
            if logit != scalar(-wp.inf):
                weight = wp.exp(logit - lse[target, head])
                grad_weight = dot_value(grad_out[target, head], value[source, head])
                grad_logit = weight * (grad_weight - mean[target, head])
                total_value += weight * grad_out[target, head]
                total_key += grad_logit * query[target, head]
        grad_key[source, head] = scale * total_key
        grad_value[source, head] = total_value

    return backward_columns_kernel
