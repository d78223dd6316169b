"""Asking for memory before it is needed: gathers in a random order wait for nothing else."""

# pyright: reportInvalidTypeForm=false

from functools import cache
from typing import no_type_check

import warp as wp

_AHEAD = 32  # slots; far enough to hide a cache miss, near enough not to be evicted again
_CACHE_LINE = 64

# Warp's arrays are (data, strides in bytes); CUDA hides the wait by switching threads instead.
_SNIPPET = f"""
#ifndef __CUDA_ARCH__
    if (slot + {_AHEAD} < index.shape[0]) {{
        const char* row = (const char*)values.data + lane * values.strides[1];
        row += index.data[slot + {_AHEAD}] * values.strides[0];
        for (int byte = 0; byte < SIZE; byte += {_CACHE_LINE}) __builtin_prefetch(row + byte, 0, 2);
    }}
#endif
"""


@cache
@no_type_check
def prefetch_function(block: type) -> wp.Function:
    """``prefetch(values, index, slot, lane)`` starts to load a row that a later slot will read."""
    size = wp.types.type_size_in_bytes(block)

    @wp.func_native(_SNIPPET.replace("SIZE", str(size)))
    def prefetch(values: wp.array2d[block], index: wp.array[wp.int64], slot: int, lane: int): ...

    return prefetch
