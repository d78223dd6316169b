"""Large results on large pages of memory.

The system hands out fresh memory page by page, 4 KiB each, when it is first written: for a large
result that takes longer than to compute it. Where Linux offers pages of 2 MiB to those who ask,
asking costs one call.
"""

import ctypes
import mmap
import sys
from functools import cache

from torch import Tensor

_WORTH_ASKING = 4 << 20  # bytes


def on_large_pages(fresh: Tensor) -> Tensor:
    """The same tensor, whose memory nobody has written yet, on large pages if there are any."""
    size = fresh.numel() * fresh.element_size()
    if size >= _WORTH_ASKING and fresh.device.type == "cpu" and sys.platform == "linux":
        start = -(-fresh.data_ptr() // mmap.PAGESIZE) * mmap.PAGESIZE
        length = (fresh.data_ptr() + size - start) // mmap.PAGESIZE * mmap.PAGESIZE
        # a refusal changes nothing but the time, so its answer is not looked at
        _library().madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), mmap.MADV_HUGEPAGE)
    return fresh


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None)
