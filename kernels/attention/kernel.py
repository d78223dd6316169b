"""Sparse attention for one head width, value width and precision: forward, row pass, column pass.

Every number of the results has one writer, so two runs agree bit for bit. Weights are never stored:
the backward passes recompute them from the log-sum-exp of the row.

=============  ============================  =====================================================
row_ptr        (rows + 1,)                   first slot of every row
column         (edges,)                      other end of every slot
edge           (edges,)                      caller's number of every slot
bias           (edges, heads) or null        added to the logits, in the caller's order
lse            (targets, heads)              log of the sum of the exponentials of a row
grad_dot_out   (targets, heads)              grad_out . out, the mean of grad_weight over the row
=============  ============================  =====================================================
"""

from functools import cache
from typing import NamedTuple

import warp as wp


class AttentionKernels(NamedTuple):
    """The three launches of one specialisation; each has one thread per (row, head)."""

    forward: wp.Kernel
    backward_rows: wp.Kernel
    backward_columns: wp.Kernel


@cache
def attention_kernels(dim: int, dim_v: int, scalar: type) -> AttentionKernels:
    """Kernels for queries and keys of ``dim`` and values of ``dim_v`` channels."""
    module = wp.get_module(f"graphformers.attention.{dim}.{dim_v}.{scalar.__name__}")
    key_vector = wp.types.vector(dim, scalar)
    value_vector = wp.types.vector(dim_v, scalar)

    @wp.kernel(enable_backward=False, module=module)
    def forward_kernel(
        first: int,  # first row of this chunk
        row_ptr: wp.array[wp.int64],
        column: wp.array[wp.int64],
        edge: wp.array[wp.int64],
        query: wp.array2d[key_vector],  # (targets, heads)
        key: wp.array2d[key_vector],  # (sources, heads)
        value: wp.array2d[value_vector],  # (sources, heads)
        bias: wp.array2d[scalar],
        scale: scalar,
        out: wp.array2d[value_vector],  # (targets, heads), written
        lse: wp.array2d[scalar],  # written
    ):
        offset, head = wp.tid()
        row = first + offset
        peak = scalar(-wp.inf)
        total = scalar(0.0)
        mixed = value_vector()
        for slot in range(int(row_ptr[row]), int(row_ptr[row + 1])):
            source = int(column[slot])
            logit = scale * wp.dot(query[row, head], key[source, head])
            if bias:
                logit += bias[int(edge[slot]), head]
            if logit > peak:
                shrink = wp.exp(peak - logit)
                total *= shrink
                mixed *= shrink
                peak = logit
            if logit != scalar(-wp.inf):
                weight = wp.exp(logit - peak)
                total += weight
                mixed += weight * value[source, head]
        if peak != scalar(-wp.inf):
            mixed /= total
        out[row, head] = mixed
        lse[row, head] = peak + wp.log(total)

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
        out: wp.array2d[value_vector],
        lse: wp.array2d[scalar],
        grad_out: wp.array2d[value_vector],
        grad_dot_out: wp.array2d[scalar],  # written
        grad_query: wp.array2d[key_vector],  # written
        grad_bias: wp.array2d[scalar],  # written, or null
    ):
        offset, head = wp.tid()
        row = first + offset
        mean = wp.dot(grad_out[row, head], out[row, head])
        total = key_vector()
        for slot in range(int(row_ptr[row]), int(row_ptr[row + 1])):
            source = int(column[slot])
            logit = scale * wp.dot(query[row, head], key[source, head])
            if bias:
                logit += bias[int(edge[slot]), head]
            grad_logit = scalar(0.0)
            if logit != scalar(-wp.inf):
                weight = wp.exp(logit - lse[row, head])
                grad_logit = weight * (wp.dot(grad_out[row, head], value[source, head]) - mean)
                total += grad_logit * key[source, head]
            if grad_bias:
                grad_bias[int(edge[slot]), head] = grad_logit
        grad_dot_out[row, head] = mean
        grad_query[row, head] = scale * total

    @wp.kernel(enable_backward=False, module=module)
    def backward_columns_kernel(
        first: int,
        row_ptr: wp.array[wp.int64],  # of the transposed pattern
        column: wp.array[wp.int64],
        edge: wp.array[wp.int64],
        query: wp.array2d[key_vector],
        key: wp.array2d[key_vector],
        value: wp.array2d[value_vector],
        bias: wp.array2d[scalar],
        scale: scalar,
        lse: wp.array2d[scalar],
        grad_out: wp.array2d[value_vector],
        grad_dot_out: wp.array2d[scalar],
        grad_key: wp.array2d[key_vector],  # written
        grad_value: wp.array2d[value_vector],  # written
    ):
        offset, head = wp.tid()
        source = first + offset
        total_key = key_vector()
        total_value = value_vector()
        for slot in range(int(row_ptr[source]), int(row_ptr[source + 1])):
            row = int(column[slot])
            logit = scale * wp.dot(query[row, head], key[source, head])
            if bias:
                logit += bias[int(edge[slot]), head]
            if logit != scalar(-wp.inf):
                weight = wp.exp(logit - lse[row, head])
                product = wp.dot(grad_out[row, head], value[source, head])
                total_value += weight * grad_out[row, head]
                total_key += weight * (product - grad_dot_out[row, head]) * query[row, head]
        grad_key[source, head] = scale * total_key
        grad_value[source, head] = total_value

    return AttentionKernels(forward_kernel, backward_rows_kernel, backward_columns_kernel)
