"""Asking for memory before it is needed: gathers in a random order wait for nothing else."""

# pyright: reportInvalidTypeForm=false

from functools import cache
from typing import no_type_check

import warp as wp

_AHEAD = 32  # slots; far enough to hide a cache miss, near enough not to be evicted again
_CACHE_LINE = 64

# CUDA hides the wait by switching threads instead.
_SNIPPET = f"""
#ifndef __CUDA_ARCH__
    if (slot + {_AHEAD} < index.shape[0]) {{
        const long long node = index.data[slot + {_AHEAD}];
        const char* row = (const char*)values.data + START;
        for (int byte = 0; byte < SIZE; byte += {_CACHE_LINE}) __builtin_prefetch(row + byte, 0, 2);
    }}
#endif
"""


@cache
@no_type_check
def prefetch_function(block: type) -> wp.Function:
    """``prefetch(values, index, slot, lane)`` starts to load a block that a later slot reads."""
    start = "lane * values.strides[1] + node * values.strides[0]"
    snippet = _SNIPPET.replace("START", start)
    size = wp.types.type_size_in_bytes(block)

    @wp.func_native(snippet.replace("SIZE", str(size)))
    def prefetch(values: wp.array2d[block], index: wp.array[wp.int64], slot: int, lane: int): ...

    return prefetch


@cache
@no_type_check
def prefetch_row_function(scalar: type) -> wp.Function:
    """``prefetch_row(values, index, slot, width)``: a row of ``width`` numbers in a flat array."""
    snippet = _SNIPPET.replace("START", "node * width * sizeof(*values.data)")
    snippet = snippet.replace("SIZE", "width * (int)sizeof(*values.data)")

    @wp.func_native(snippet)
    def prefetch_row(
        values: wp.array[scalar], index: wp.array[wp.int64], slot: int, width: int
    ): ...

    return prefetch_row
