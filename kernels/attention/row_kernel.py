"""Arithmetic on the rows of a few heads, in C++ where plain Warp is too slow on a CPU.

Clang makes vector instructions of explicit vectors of ``lanes`` numbers; with one lane the same
code is plain C++, as CUDA needs it. A ``place`` is the first number of a row in a flat array.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple, no_type_check

import warp as wp

from graphformers.kernels.exponential import exponential_series
from graphformers.kernels.lanes import lane_count, lane_types


class RowAlgebra(NamedTuple):
    """Functions over rows of ``heads * dim`` numbers and over one number per head."""

    sums: wp.Function  # (row, heads written): sum the channels of every head
    spread: wp.Function  # (heads, row written): give every channel the number of its head
    scale: wp.Function  # (row, heads): multiply every head by its number
    times: wp.Function  # (row, array, place): multiply by numbers of an array
    add: wp.Function  # (row, array, place)
    add_scaled: wp.Function  # (row, heads, array, place): add heads * array
    add_product: wp.Function  # (row, row, row): add the product of the others to the first
    load: wp.Function  # (row written, array, place, step): heads lie ``step`` apart in the array
    store: wp.Function  # (row, array written, place, step)


@cache
@no_type_check
def row_algebra(heads: int, dim: int, scalar: type, vectorised: bool) -> RowAlgebra:
    """Functions for rows of ``heads`` times ``dim`` numbers."""
    channels, per_head = wp.types.vector(heads * dim, scalar), wp.types.vector(heads, scalar)
    lanes = lane_count(dim, scalar) if vectorised else 1
    sizes = f"enum {{ HEADS = {heads}, LANES = {lanes}, BLOCKS = {dim // lanes} }};"
    types = lane_types(scalar, lanes) + sizes
    label = f"{heads}x{dim}by{lanes}"

    numbers = wp.array[scalar]

    @_native(label, types + _SUMS.replace("HALVED", _halved(lanes)))
    def sums(row: wp.ref[channels], total: wp.ref[per_head]): ...

    @_native(label, types + _EACH.replace("...", "own[i] = (lanes)factor.c[h]"))
    def spread(factor: wp.ref[per_head], row: wp.ref[channels]): ...

    @_native(label, types + _EACH.replace("...", "own[i] *= factor.c[h]"))
    def scale(row: wp.ref[channels], factor: wp.ref[per_head]): ...

    @_native(label, types + _THERE + _EACH.replace("...", "own[i] *= there[i]"))
    def times(row: wp.ref[channels], array: numbers, place: wp.int64): ...

    @_native(label, types + _THERE + _EACH.replace("...", "own[i] += there[i]"))
    def add(row: wp.ref[channels], array: numbers, place: wp.int64): ...

    @_native(label, types + _THERE + _EACH.replace("...", "own[i] += factor.c[h] * there[i]"))
    def add_scaled(
        row: wp.ref[channels], factor: wp.ref[per_head], array: numbers, place: wp.int64
    ): ...

    product = "own[i] += ((const lanes*)&left)[i] * ((const lanes*)&right)[i]"

    @_native(label, types + _EACH.replace("...", product))
    def add_product(row: wp.ref[channels], left: wp.ref[channels], right: wp.ref[channels]): ...

    @_native(label, types + _THERE + _EACH.replace("...", f"own[i] = {_APART}"))
    def load(row: wp.ref[channels], array: numbers, place: wp.int64, step: int): ...

    @_native(label, types + _THERE + _EACH.replace("...", f"{_APART} = own[i]"))
    def store(row: wp.ref[channels], array: numbers, place: wp.int64, step: int): ...

    return RowAlgebra(sums, spread, scale, times, add, add_scaled, add_product, load, store)


# Vectors of all heads are halved together, pair by pair: after log2(LANES) rounds, lane h holds the
# sum of head h.
_SUMS = """
    const lanes* own = (const lanes*)&row;
    lanes part[HEADS];
    for (int h = 0; h < HEADS; ++h) {
        part[h] = own[h * BLOCKS];
        for (int b = 1; b < BLOCKS; ++b) part[h] += own[h * BLOCKS + b];
    }
    int count = HEADS;
    for (int width = LANES; width > 1; width /= 2) {
        for (int i = 0; 2 * i < count; ++i) {
            const lanes left = part[2 * i], right = part[2 * i + 1 < count ? 2 * i + 1 : 2 * i];
            part[i] = HALVED;
        }
        count = (count + 1) / 2;
    }
    for (int h = 0; h < HEADS; ++h) total.c[h] = ((const number*)part)[h];
"""
_THERE = "lanes* there = (lanes*)(array.data + place);"
_EACH = """
    lanes* own = (lanes*)&row;
    for (int h = 0; h < HEADS; ++h)
        for (int i = h * BLOCKS; i < (h + 1) * BLOCKS; ++i) ...;
"""
_APART = "((lanes*)((number*)there + h * step))[i - h * BLOCKS]"


def _halved(lanes: int) -> str:
    """Sums of neighbours in two vectors, as one vector."""
    if lanes == 1:
        return "left"  # never runs
    even = ", ".join(str(lane) for lane in range(0, 2 * lanes, 2))
    odd = ", ".join(str(lane) for lane in range(1, 2 * lanes, 2))
    shuffle = "__builtin_shufflevector(left, right, {})"
    return f"{shuffle.format(even)} + {shuffle.format(odd)}"


def _native(label: str, snippet: str) -> Callable[[Callable], wp.Function]:
    """A C++ function; ``label`` tells apart those whose arguments have the same types."""

    def register(stub: Callable) -> wp.Function:
        stub.__qualname__ = f"{stub.__name__}_{label}"
        return wp.func_native(snippet)(stub)

    return register


@cache
@no_type_check
def reader(scalar: type) -> wp.Function:
    """``read(array, place, c)`` is ``array[place + c]``, beyond 2**31 too.

    A sum of a place and a small number tells clang that neighbours in ``c`` are neighbours in
    memory.
    """

    @wp.func_native("return array.data[place + c];")
    def read(array: wp.array[scalar], place: wp.int64, c: int) -> scalar: ...

    return read


@cache
@no_type_check
def exponentials(heads: int, scalar: type, vectorised: bool) -> wp.Function:
    """Fill ``result`` with exp(left - right) for every head, zero where ``left`` is -infinity."""
    lanes = lane_count(heads, scalar) if vectorised else 1
    snippet = f"""
        {lane_types(scalar, lanes)}
        for (int i = 0; i < {heads // lanes}; ++i) {{
            const lanes own = ((const lanes*)&left)[i], other = ((const lanes*)&right)[i];
            const lanes x = own == -number(__builtin_inf()) ? own : own - other;
            {exponential_series(scalar)}
            ((lanes*)&result)[i] = y;
        }}
    """
    per_head = wp.types.vector(heads, scalar)

    plain = f"""
        for (int h = 0; h < {heads}; ++h) {{
            const bool masked = wp::isinf(left.c[h]) && left.c[h] < 0;
            result.c[h] = masked ? 0 : wp::exp(left.c[h] - right.c[h]);
        }}
    """

    @_native(f"{heads}by{lanes}", snippet if vectorised else plain)
    def exponentials(left: wp.ref[per_head], right: wp.ref[per_head], result: wp.ref[per_head]): ...

    return exponentials
