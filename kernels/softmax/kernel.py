"""Softmax over segments, one thread per (segment, channel).

Items at minus infinity weigh nothing, so a segment with nothing else gives zeros.
"""

from functools import cache
from typing import no_type_check

import warp as wp


@cache
@no_type_check
def softmax_kernel(scalar: type) -> wp.Kernel:
    """The kernel for one precision."""

    @wp.kernel(enable_backward=False, module=f"graphformers.softmax.{scalar.__name__}")
    def kernel(
        first: int,  # first segment of this chunk
        ptr: wp.array[wp.int64],  # (segments + 1,)
        order: wp.array[wp.int64],  # (items,) item of every slot, or null
        values: wp.array2d[scalar],  # (items, channels)
        out: wp.array2d[scalar],  # (items, channels), written
    ):
        offset, channel = wp.tid()
        start = int(ptr[first + offset])
        end = int(ptr[first + offset + 1])
        peak = scalar(-wp.inf)
        total = scalar(0.0)
        for slot in range(start, end):
            item = slot
            if order:
                item = int(order[slot])
            value = values[item, channel]
            if value > peak:
                total *= wp.exp(peak - value)
                peak = value
            if value != scalar(-wp.inf):
                total += wp.exp(value - peak)
        for slot in range(start, end):
            item = slot
            if order:
                item = int(order[slot])
            weight = scalar(0.0)
            if values[item, channel] != scalar(-wp.inf):
                weight = wp.exp(values[item, channel] - peak) / total
            out[item, channel] = weight

    return kernel
