"""Radix sort: one stable counting sort per digit, the last digit first."""

from typing import no_type_check

import warp as wp

DIGIT_BITS = 11  # the counts of one pass stay in the first-level cache


@no_type_check
@wp.kernel(enable_backward=False)
def sort_by_digit_kernel(
    keys: wp.array[wp.int64],  # (items,), not negative
    items: wp.array[wp.int64],  # (items,)
    shift: int,  # bits below the digit
    starts: wp.array[wp.int32],  # (2 ** DIGIT_BITS + 1,), zeros, scratch
    sorted_keys: wp.array[wp.int64],  # (items,), written
    sorted_items: wp.array[wp.int64],  # (items,), written
):
    """Count the digits, sum up, then move every item behind its predecessors."""
    mask = wp.int64((1 << DIGIT_BITS) - 1)
    low = wp.int64(shift)
    for item in range(keys.shape[0]):
        following = int((keys[item] >> low) & mask) + 1
        starts[following] = starts[following] + 1
    for digit in range(1, starts.shape[0]):
        starts[digit] = starts[digit] + starts[digit - 1]
    for item in range(keys.shape[0]):
        key = keys[item]
        digit = int((key >> low) & mask)
        place = starts[digit]
        sorted_keys[place] = key
        sorted_items[place] = items[item]
        starts[digit] = place + 1
