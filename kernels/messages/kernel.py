"""Messages along a pattern in blocks of channels, one thread per (row, block).

Every number of the results has one writer, so two runs agree bit for bit. Messages are never
stored: a backward pass makes them again.

============  ==================  =======================================================
row_ptr       (rows + 1,)         first slot of every row; column kernels get the transposed
                                  pattern, whose rows are the sources
column        (edges,)            other end of every slot
edge          (edges,)            caller's number of every slot
at_target     (targets, blocks)   likewise out, total and every grad of them
at_source     (sources, blocks)   likewise value
at_edge       (edges, blocks)     likewise logit, in the caller's order
============  ==================  =======================================================

``first`` is the first row of a chunk.
"""

from functools import cache
from typing import NamedTuple, no_type_check

import warp as wp

from graphformers.kernels.exponential import exponential_function
from graphformers.kernels.prefetch import prefetch_function


class MessageKernels(NamedTuple):
    """The launches for one block width and precision."""

    edge_sum: wp.Kernel
    rectified_sum: wp.Kernel
    rectified_sum_backward: wp.Kernel
    gated_mean: wp.Kernel
    gated_mean_backward: wp.Kernel


@cache
def message_kernels(width: int, scalar: type) -> MessageKernels:
    """Kernels over blocks of ``width`` channels, in one module that compiles once."""
    module = wp.get_module(f"graphformers.messages.{width}.{scalar.__name__}")
    block = wp.types.vector(width, scalar)
    sigmoid = _sigmoid(width, scalar)
    return MessageKernels(
        _edge_sum(module, block),
        _rectified_sum(module, block, width, scalar),
        _rectified_sum_backward(module, block, width, scalar),
        _gated_mean(module, block, sigmoid, width, scalar),
        _gated_mean_backward(module, block, sigmoid, width, scalar),
    )


@no_type_check
def _sigmoid(width: int, scalar: type) -> wp.Function:
    block = wp.types.vector(width, scalar)
    exponential = exponential_function(width, scalar)

    @wp.func
    def sigmoid(x: block):
        gate = exponential(-x)
        for channel in range(width):
            gate[channel] = scalar(1.0) / (scalar(1.0) + gate[channel])
        return gate

    return sigmoid


@no_type_check
def _edge_sum(module: wp.Module, block: type) -> wp.Kernel:
    prefetch = prefetch_function(block)

    @wp.kernel(enable_backward=False, module=module)
    def edge_sum_kernel(
        first: int,
        row_ptr: wp.array[wp.int64],
        column: wp.array[wp.int64],
        edge: wp.array[wp.int64],
        at_target: wp.array2d[block],
        at_source: wp.array2d[block],
        at_edge: wp.array2d[block],
        out: wp.array2d[block],  # (edges, blocks), written
    ):
        offset, lane = wp.tid()
        row = first + offset
        own = at_target[row, lane]
        for slot in range(int(row_ptr[row]), int(row_ptr[row + 1])):
            prefetch(at_source, column, slot, lane)
            prefetch(at_edge, edge, slot, lane)
            number = int(edge[slot])
            out[number, lane] = own + at_source[int(column[slot]), lane] + at_edge[number, lane]

    return edge_sum_kernel


@no_type_check
def _rectified_sum(module: wp.Module, block: type, width: int, scalar: type) -> wp.Kernel:
    prefetch = prefetch_function(block)

    @wp.kernel(enable_backward=False, module=module)
    def rectified_sum_kernel(
        first: int,
        row_ptr: wp.array[wp.int64],
        column: wp.array[wp.int64],
        edge: wp.array[wp.int64],
        at_source: wp.array2d[block],
        at_edge: wp.array2d[block],
        out: wp.array2d[block],  # written
    ):
        offset, lane = wp.tid()
        row = first + offset
        total = block()
        for slot in range(int(row_ptr[row]), int(row_ptr[row + 1])):
            prefetch(at_source, column, slot, lane)
            prefetch(at_edge, edge, slot, lane)
            message = at_source[int(column[slot]), lane] + at_edge[int(edge[slot]), lane]
            for channel in range(width):  # a comparison that NaN passes
                negative = message[channel] <= scalar(0.0)
                total[channel] += wp.where(negative, scalar(0.0), message[channel])
        out[row, lane] = total

    return rectified_sum_kernel


@no_type_check
def _rectified_sum_backward(module: wp.Module, block: type, width: int, scalar: type) -> wp.Kernel:
    prefetch = prefetch_function(block)

    @wp.kernel(enable_backward=False, module=module)
    def rectified_sum_backward_kernel(
        first: int,
        row_ptr: wp.array[wp.int64],
        column: wp.array[wp.int64],
        edge: wp.array[wp.int64],
        at_source: wp.array2d[block],
        at_edge: wp.array2d[block],
        grad_out: wp.array2d[block],
        grad_source: wp.array2d[block],  # written
        grad_edge: wp.array2d[block],  # written
    ):
        offset, lane = wp.tid()
        source = first + offset
        own = at_source[source, lane]
        total = block()
        for slot in range(int(row_ptr[source]), int(row_ptr[source + 1])):
            prefetch(grad_out, column, slot, lane)
            prefetch(at_edge, edge, slot, lane)
            number = int(edge[slot])
            message = own + at_edge[number, lane]
            grad = grad_out[int(column[slot]), lane]
            for channel in range(width):
                negative = message[channel] <= scalar(0.0)
                grad[channel] = wp.where(negative, scalar(0.0), grad[channel])
            total += grad
            grad_edge[number, lane] = grad
        grad_source[source, lane] = total

    return rectified_sum_backward_kernel


@no_type_check
def _gated_mean(
    module: wp.Module, block: type, sigmoid: wp.Function, width: int, scalar: type
) -> wp.Kernel:
    prefetch = prefetch_function(block)

    @wp.kernel(enable_backward=False, module=module)
    def gated_mean_kernel(
        first: int,
        row_ptr: wp.array[wp.int64],
        column: wp.array[wp.int64],
        edge: wp.array[wp.int64],
        value: wp.array2d[block],
        logit: wp.array2d[block],
        epsilon: scalar,
        out: wp.array2d[block],  # written
        total: wp.array2d[block],  # sum of the gates and epsilon, written
    ):
        offset, lane = wp.tid()
        row = first + offset
        mixed = block()
        gates = block()
        for slot in range(int(row_ptr[row]), int(row_ptr[row + 1])):
            prefetch(value, column, slot, lane)
            prefetch(logit, edge, slot, lane)
            gate = sigmoid(logit[int(edge[slot]), lane])
            mixed += wp.cw_mul(gate, value[int(column[slot]), lane])
            gates += gate
        for channel in range(width):
            gates[channel] += epsilon
        out[row, lane] = wp.cw_div(mixed, gates)
        total[row, lane] = gates

    return gated_mean_kernel


@no_type_check
def _gated_mean_backward(
    module: wp.Module, block: type, sigmoid: wp.Function, width: int, scalar: type
) -> wp.Kernel:
    prefetch = prefetch_function(block)

    @wp.kernel(enable_backward=False, module=module)
    def gated_mean_backward_kernel(
        first: int,
        row_ptr: wp.array[wp.int64],
        column: wp.array[wp.int64],
        edge: wp.array[wp.int64],
        value: wp.array2d[block],
        logit: wp.array2d[block],
        out: wp.array2d[block],
        grad_mixed: wp.array2d[block],  # grad_out / total
        grad_value: wp.array2d[block],  # written
        grad_logit: wp.array2d[block],  # written
    ):
        offset, lane = wp.tid()
        source = first + offset
        own = value[source, lane]
        sum_own = block()
        for slot in range(int(row_ptr[source]), int(row_ptr[source + 1])):
            prefetch(grad_mixed, column, slot, lane)
            prefetch(out, column, slot, lane)
            prefetch(logit, edge, slot, lane)
            number = int(edge[slot])
            target = int(column[slot])
            gate = sigmoid(logit[number, lane])
            pulled = wp.cw_mul(gate, grad_mixed[target, lane])
            sum_own += pulled
            slope = own - out[target, lane]
            for channel in range(width):
                slope[channel] *= scalar(1.0) - gate[channel]
            grad_logit[number, lane] = wp.cw_mul(pulled, slope)
        grad_value[source, lane] = sum_own

    return gated_mean_backward_kernel
