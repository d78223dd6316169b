"""Softmax and log-sum-exp over segments, in blocks of channels, one thread per (segment, block).

========  ====================  ====================================================
ptr       (segments + 1,)       first slot of every segment
order     (items,) or null      item of every slot; null means the slots are the items
values    (items, blocks)       likewise weight, grad and grad_values
========  ====================  ====================================================

``first`` is the first segment of a chunk. Items at minus infinity weigh nothing, so a segment with
nothing else gives zeros.
"""

from functools import cache
from typing import NamedTuple, no_type_check

import warp as wp

from graphformers.kernels.exponential import exponential_function
from graphformers.kernels.segments.kernel import item_of_slot, reader


class SoftmaxKernels(NamedTuple):
    """The launches for one block width and precision."""

    weights: wp.Kernel
    weights_backward: wp.Kernel
    log_total: wp.Kernel


@cache
def softmax_kernels(width: int, scalar: type) -> SoftmaxKernels:
    """Kernels over blocks of ``width`` channels, in one module that compiles once."""
    module = wp.get_module(f"graphformers.softmax.{width}.{scalar.__name__}")
    block = wp.types.vector(width, scalar)
    peak = _peak(block, width, scalar)
    exponential = exponential_function(width, scalar)
    return SoftmaxKernels(
        _weights(module, block, peak, exponential, width),
        _weights_backward(module, block),
        _log_total(module, block, peak, exponential, width),
    )


@no_type_check
def _peak(block: type, width: int, scalar: type) -> wp.Function:
    read = reader(block)

    @wp.func
    def peak(start: int, end: int, lane: int, order: wp.array[wp.int64], values: wp.array2d[block]):
        """Largest value of every channel, or zero where there is nothing but minus infinity."""
        largest = block()
        for channel in range(width):
            largest[channel] = scalar(-wp.inf)
        for slot in range(start, end):
            value = read(values, order, slot, lane)
            for channel in range(width):
                largest[channel] = wp.where(
                    value[channel] > largest[channel], value[channel], largest[channel]
                )
        for channel in range(width):
            nothing = largest[channel] == scalar(-wp.inf)
            largest[channel] = wp.where(nothing, scalar(0.0), largest[channel])
        return largest

    return peak


@no_type_check
def _weights(
    module: wp.Module, block: type, peak: wp.Function, exponential: wp.Function, width: int
) -> wp.Kernel:
    scalar = block._wp_scalar_type_

    @wp.kernel(enable_backward=False, module=module)
    def weights_kernel(
        first: int,
        ptr: wp.array[wp.int64],
        order: wp.array[wp.int64],
        values: wp.array2d[block],
        weight: wp.array2d[block],  # written
    ):
        offset, lane = wp.tid()
        start = int(ptr[first + offset])
        end = int(ptr[first + offset + 1])
        largest = peak(start, end, lane, order, values)
        total = block()
        for slot in range(start, end):
            item = item_of_slot(order, slot)
            power = exponential(values[item, lane] - largest)
            weight[item, lane] = power
            total += power
        for channel in range(width):
            masked = total[channel] == scalar(0.0)
            total[channel] = wp.where(masked, scalar(0.0), scalar(1.0) / total[channel])
        for slot in range(start, end):
            item = item_of_slot(order, slot)
            weight[item, lane] = wp.cw_mul(weight[item, lane], total)

    return weights_kernel


@no_type_check
def _weights_backward(module: wp.Module, block: type) -> wp.Kernel:
    read = reader(block)

    @wp.kernel(enable_backward=False, module=module)
    def weights_backward_kernel(
        first: int,
        ptr: wp.array[wp.int64],
        order: wp.array[wp.int64],
        weight: wp.array2d[block],
        grad: wp.array2d[block],
        grad_values: wp.array2d[block],  # written
    ):
        offset, lane = wp.tid()
        start = int(ptr[first + offset])
        end = int(ptr[first + offset + 1])
        mean = block()
        for slot in range(start, end):
            mean += wp.cw_mul(read(weight, order, slot, lane), read(grad, order, slot, lane))
        for slot in range(start, end):
            item = item_of_slot(order, slot)
            grad_values[item, lane] = wp.cw_mul(weight[item, lane], grad[item, lane] - mean)

    return weights_backward_kernel


@no_type_check
def _log_total(
    module: wp.Module, block: type, peak: wp.Function, exponential: wp.Function, width: int
) -> wp.Kernel:
    @wp.kernel(enable_backward=False, module=module)
    def log_total_kernel(
        first: int,
        ptr: wp.array[wp.int64],
        order: wp.array[wp.int64],
        values: wp.array2d[block],
        out: wp.array2d[block],  # (segments, blocks), written
    ):
        offset, lane = wp.tid()
        start = int(ptr[first + offset])
        end = int(ptr[first + offset + 1])
        largest = peak(start, end, lane, order, values)
        total = block()
        for slot in range(start, end):
            total += exponential(values[item_of_slot(order, slot), lane] - largest)
        for channel in range(width):
            largest[channel] += wp.log(total[channel])
        out[first + offset, lane] = largest

    return log_total_kernel
