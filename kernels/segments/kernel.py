"""Segment reductions over blocks of channels, one thread per (segment, block).

========  ====================  ====================================================
ptr       (segments + 1,)       first slot of every segment
order     (items,) or null      item of every slot; null means the slots are the items
values    (items, blocks)       likewise grad_values
out       (segments, blocks)    likewise grad
========  ====================  ====================================================

``first`` is the first segment of a chunk.
"""

from functools import cache
from typing import NamedTuple, no_type_check

import warp as wp

from graphformers.kernels.prefetch import prefetch_function


class SegmentKernels(NamedTuple):
    """The launches for one block width and precision."""

    total: wp.Kernel
    extreme: wp.Kernel
    extreme_backward: wp.Kernel


@cache
def segment_kernels(width: int, scalar: type) -> SegmentKernels:
    """Kernels over blocks of ``width`` channels, in one module that compiles once."""
    module = wp.get_module(f"graphformers.segments.{width}.{scalar.__name__}")
    block = wp.types.vector(width, scalar)
    return SegmentKernels(
        _total(module, block),
        _extreme(module, block, width, scalar),
        _extreme_backward(module, block, width, scalar),
    )


@no_type_check
@wp.func
def item_of_slot(order: wp.array[wp.int64], slot: int):
    """Item a slot stands for."""
    item = slot
    if order:
        item = int(order[slot])
    return item


@cache
@no_type_check
def reader(block: type) -> wp.Function:
    """``read(values, order, slot, lane)``: the item of a slot, while a later one is sent for."""
    prefetch = prefetch_function(block)

    @wp.func
    def read(values: wp.array2d[block], order: wp.array[wp.int64], slot: int, lane: int):
        if order:
            prefetch(values, order, slot, lane)
        return values[item_of_slot(order, slot), lane]

    return read


@no_type_check
@wp.kernel(enable_backward=False)
def segment_of_item_kernel(
    first: int,
    ptr: wp.array[wp.int64],
    order: wp.array[wp.int64],
    segment_of_item: wp.array[wp.int64],  # (items,), written
):
    """Number of the segment every item belongs to."""
    offset, _lane = wp.tid()
    segment = first + offset
    for slot in range(int(ptr[segment]), int(ptr[segment + 1])):
        segment_of_item[item_of_slot(order, slot)] = wp.int64(segment)


@no_type_check
def _total(module: wp.Module, block: type) -> wp.Kernel:
    read = reader(block)

    @wp.kernel(enable_backward=False, module=module)
    def total_kernel(
        first: int,
        ptr: wp.array[wp.int64],
        order: wp.array[wp.int64],
        values: wp.array2d[block],
        out: wp.array2d[block],  # written
    ):
        offset, lane = wp.tid()
        segment = first + offset
        total = block()
        for slot in range(int(ptr[segment]), int(ptr[segment + 1])):
            total += read(values, order, slot, lane)
        out[segment, lane] = total

    return total_kernel


@no_type_check
def _extreme(module: wp.Module, block: type, width: int, scalar: type) -> wp.Kernel:
    read = reader(block)

    @wp.kernel(enable_backward=False, module=module)
    def extreme_kernel(
        first: int,
        ptr: wp.array[wp.int64],
        order: wp.array[wp.int64],
        values: wp.array2d[block],
        sign: scalar,  # 1 for the maximum, -1 for the minimum
        out: wp.array2d[block],  # written
    ):
        offset, lane = wp.tid()
        segment = first + offset
        best = block()
        start = int(ptr[segment])
        end = int(ptr[segment + 1])
        for slot in range(start, end):
            value = sign * read(values, order, slot, lane)
            if slot == start:
                best = value
            for channel in range(width):  # selections instead of branches, and NaN stays
                known = wp.where(value[channel] == value[channel], best[channel], value[channel])
                best[channel] = wp.where(value[channel] > best[channel], value[channel], known)
        if start < end:
            best *= sign
        out[segment, lane] = best

    return extreme_kernel


@no_type_check
def _extreme_backward(module: wp.Module, block: type, width: int, scalar: type) -> wp.Kernel:
    read = reader(block)

    @wp.kernel(enable_backward=False, module=module)
    def extreme_backward_kernel(
        first: int,
        ptr: wp.array[wp.int64],
        order: wp.array[wp.int64],
        values: wp.array2d[block],
        extreme: wp.array2d[block],  # (segments, blocks)
        grad: wp.array2d[block],
        grad_values: wp.array2d[block],  # written
    ):
        offset, lane = wp.tid()
        segment = first + offset
        best = extreme[segment, lane]
        count = block()
        for slot in range(int(ptr[segment]), int(ptr[segment + 1])):
            value = read(values, order, slot, lane)
            for channel in range(width):
                count[channel] += wp.where(value[channel] == best[channel], scalar(1), scalar(0))
        share = grad[segment, lane]
        for channel in range(width):
            share[channel] /= wp.max(count[channel], scalar(1))
        for slot in range(int(ptr[segment]), int(ptr[segment + 1])):
            item = item_of_slot(order, slot)
            value = values[item, lane]
            for channel in range(width):
                attains = value[channel] == best[channel]
                value[channel] = wp.where(attains, share[channel], scalar(0))
            grad_values[item, lane] = value

    return extreme_backward_kernel
