"""Segment reductions over blocks of channels, one thread per (segment, block).

A block is a Warp vector of ``width`` neighbouring channels: one load, one vector instruction.

========  ====================  ====================================================
ptr       (segments + 1,)       first slot of every segment
order     (items,) or null      item of every slot; null means the slots are the items
========  ====================  ====================================================
"""

from functools import cache
from typing import NamedTuple, no_type_check

import warp as wp


class SegmentKernels(NamedTuple):
    """The launches for one block width and precision."""

    total: wp.Kernel
    extreme: wp.Kernel
    broadcast: wp.Kernel


@cache
def segment_kernels(width: int, scalar: type) -> SegmentKernels:
    """Kernels over blocks of ``width`` channels, in one module that compiles once."""
    module = wp.get_module(f"graphformers.segments.{width}.{scalar.__name__}")
    block = wp.types.vector(width, scalar)
    return SegmentKernels(
        _total(module, block), _extreme(module, block, width, scalar), _broadcast(module, block)
    )


@no_type_check
def _total(module: wp.Module, block: type) -> wp.Kernel:
    @wp.kernel(enable_backward=False, module=module)
    def total_kernel(
        first: int,  # first segment of this chunk
        ptr: wp.array[wp.int64],
        order: wp.array[wp.int64],
        values: wp.array2d[block],  # (items, blocks)
        out: wp.array2d[block],  # (segments, blocks), written
    ):
        offset, lane = wp.tid()
        segment = first + offset
        total = block()
        for slot in range(int(ptr[segment]), int(ptr[segment + 1])):
            item = slot
            if order:
                item = int(order[slot])
            total += values[item, lane]
        out[segment, lane] = total

    return total_kernel


@no_type_check
def _extreme(module: wp.Module, block: type, width: int, scalar: type) -> wp.Kernel:
    @wp.kernel(enable_backward=False, module=module)
    def extreme_kernel(
        first: int,
        ptr: wp.array[wp.int64],
        order: wp.array[wp.int64],
        values: wp.array2d[block],  # (items, blocks)
        sign: scalar,  # 1 for the maximum, -1 for the minimum
        out: wp.array2d[block],  # (segments, blocks), written
    ):
        offset, lane = wp.tid()
        segment = first + offset
        best = block()
        start = int(ptr[segment])
        end = int(ptr[segment + 1])
        for slot in range(start, end):
            item = slot
            if order:
                item = int(order[slot])
            value = sign * values[item, lane]
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
def _broadcast(module: wp.Module, block: type) -> wp.Kernel:
    @wp.kernel(enable_backward=False, module=module)
    def broadcast_kernel(
        first: int,
        ptr: wp.array[wp.int64],
        order: wp.array[wp.int64],
        values: wp.array2d[block],  # (segments, blocks)
        out: wp.array2d[block],  # (items, blocks), written
    ):
        offset, lane = wp.tid()
        segment = first + offset
        value = values[segment, lane]
        for slot in range(int(ptr[segment]), int(ptr[segment + 1])):
            item = slot
            if order:
                item = int(order[slot])
            out[item, lane] = value

    return broadcast_kernel
