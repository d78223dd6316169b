"""Rows of channels seen as blocks: a thread works on one block of one row.

A block is a Warp vector whose length the compiler knows, so that sums stay in registers and a
block is loaded with vector instructions.
"""

import math

from torch import Tensor

# One CPU thread takes a stretch of cache lines; CUDA threads side by side take 16 bytes each.
_WIDEST = {"cpu": 64, "cuda": 4}


def block_width(values: Tensor) -> int:
    """Channels per block: the largest divisor of the channels that the device handles at once."""
    channels = math.prod(values.shape[1:])
    widest = min(_WIDEST[values.device.type], max(channels, 1))
    return next(width for width in range(widest, 0, -1) if channels % width == 0)


def as_blocks(values: Tensor, width: int) -> Tensor:
    """View (rows, ...) as (rows, blocks, width); copies only where channels are not neighbours."""
    rows, channels = values.shape[0], math.prod(values.shape[1:])
    flat = values.reshape(rows, channels)
    if flat.stride(1) != 1:
        flat = flat.contiguous()
    return flat.unflatten(1, (channels // width, width))
