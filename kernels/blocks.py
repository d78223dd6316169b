"""Rows of channels seen as blocks: a thread works on one block of one row.

A block is a Warp vector whose length the compiler knows, so that sums stay in registers and a
block is loaded with vector instructions.
"""

import math
from functools import cache

from torch import Tensor

# One CPU thread takes a stretch of cache lines; CUDA threads side by side take 16 bytes each.
_WIDEST = {"cpu": 64, "cuda": 4}


def block_width(values: Tensor) -> int:
    """Channels per block: the largest divisor of the channels that the device handles at once."""
    return _largest_divisor(math.prod(values.shape[1:]), _WIDEST[values.device.type])


@cache
def _largest_divisor(number: int, limit: int) -> int:
    return next(one for one in range(min(limit, max(number, 1)), 0, -1) if number % one == 0)


def as_blocks(values: Tensor, width: int) -> Tensor:
    """View (rows, ...) as (rows, blocks, width); copies only where channels are not neighbours."""
    rows, channels = values.shape[0], math.prod(values.shape[1:])
    flat = values.reshape(rows, channels)
    if flat.stride(1) != 1:
        flat = flat.contiguous()
    return flat.view(rows, channels // width, width)
