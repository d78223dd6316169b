"""Counting sort: linear in the number of keys, and stable because one thread does it in order."""

from typing import no_type_check

import warp as wp


@no_type_check
@wp.kernel(enable_backward=False)
def group_kernel(
    keys: wp.array[wp.int64],  # (items,), each in 0 ... groups - 1
    ptr: wp.array[wp.int64],  # (groups + 1,), zeros, written
    order: wp.array[wp.int64],  # (items,), written
):
    """Count, sum up, then place every item behind its predecessors."""
    for item in range(keys.shape[0]):
        following = int(keys[item]) + 1
        ptr[following] = ptr[following] + wp.int64(1)
    for group in range(1, ptr.shape[0]):
        ptr[group] = ptr[group] + ptr[group - 1]
    # ptr[key] walks from the start of its group to the start of the next ...
    for item in range(keys.shape[0]):
        key = int(keys[item])
        position = ptr[key]
        order[int(position)] = wp.int64(item)
        ptr[key] = position + wp.int64(1)
    # ... so every entry now stands one place too early
    for group in range(ptr.shape[0] - 1, 0, -1):
        ptr[group] = ptr[group - 1]
    ptr[0] = wp.int64(0)
