"""Arithmetic on the rows of a few heads, in C++ where plain Warp is too slow on a CPU.

Clang makes vector instructions of explicit vectors of ``lanes`` numbers; with one lane the same
code is plain C++, as CUDA needs it. A ``place`` is the first number of a row in a flat array.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import NamedTuple, no_type_check

import warp as wp

_LN_2 = Fraction("0.69314718055994530941723212145817656807550013436026")
_C_NAMES = {wp.float32: "float", wp.float64: "double"}
_WIDEST = 64  # bytes in the longest vector register there is


class RowAlgebra(NamedTuple):
    """Functions over rows of ``heads * dim`` numbers and over one number per head."""

    sums: wp.Function  # (row, heads written): sum the channels of every head
    spread: wp.Function  # (heads, row written): give every channel the number of its head
    scale: wp.Function  # (row, heads): multiply every head by its number
    add_scaled: wp.Function  # (row, heads, array, place): add heads * array, from ``place`` on
    add_product: wp.Function  # (row, heads, other row): add heads * other row
    load: wp.Function  # (row written, array, place, step): heads lie ``step`` apart in the array
    store: wp.Function  # (row, array written, place, step)


@cache
@no_type_check
def row_algebra(heads: int, dim: int, scalar: type, vectorised: bool) -> RowAlgebra:
    """Functions for rows of ``heads`` times ``dim`` numbers."""
    row, per_head = wp.types.vector(heads * dim, scalar), wp.types.vector(heads, scalar)
    size = 8 if scalar is wp.float64 else 4
    lanes = math.gcd(dim, _WIDEST // size) if vectorised else 1
    blocks = dim // lanes
    vector = f"ext_vector_type({lanes}), aligned({size}), may_alias"
    attributes = f"__attribute__(({vector}))" if lanes > 1 else ""
    types = f"""
        typedef {_C_NAMES[scalar]} lanes {attributes};
        enum {{ HEADS = {heads}, LANES = {lanes}, BLOCKS = {blocks} }};
    """
    label = f"{heads}x{dim}by{lanes}"

    @_native(label, types + _SUMS.replace("HALVED", _halved(lanes)))
    def sums(numbers: wp.ref[row], total: wp.ref[per_head]): ...

    @_native(label, types + _SPREAD)
    def spread(factor: wp.ref[per_head], numbers: wp.ref[row]): ...

    @_native(label, types + _SCALE)
    def scale(numbers: wp.ref[row], factor: wp.ref[per_head]): ...

    @_native(label, types + _ADD_SCALED)
    def add_scaled(
        numbers: wp.ref[row], factor: wp.ref[per_head], array: wp.array[scalar], place: wp.int64
    ): ...

    @_native(label, types + _ADD_PRODUCT)
    def add_product(numbers: wp.ref[row], factor: wp.ref[per_head], other: wp.ref[row]): ...

    @_native(label, types + _LOAD)
    def load(numbers: wp.ref[row], array: wp.array[scalar], place: wp.int64, step: int): ...

    @_native(label, types + _STORE)
    def store(numbers: wp.ref[row], array: wp.array[scalar], place: wp.int64, step: int): ...

    return RowAlgebra(sums, spread, scale, add_scaled, add_product, load, store)


# Vectors of all heads are halved together, pair by pair: after log2(LANES) rounds, lane h holds the
# sum of head h.
_SUMS = """
    const lanes* blocks = (const lanes*)&numbers;
    lanes part[HEADS];
    for (int h = 0; h < HEADS; ++h) {
        part[h] = blocks[h * BLOCKS];
        for (int b = 1; b < BLOCKS; ++b) part[h] += blocks[h * BLOCKS + b];
    }
    int count = HEADS;
    for (int width = LANES; width > 1; width /= 2) {
        for (int i = 0; 2 * i < count; ++i) {
            const lanes left = part[2 * i], right = part[2 * i + 1 < count ? 2 * i + 1 : 2 * i];
            part[i] = HALVED;
        }
        count = (count + 1) / 2;
    }
    for (int h = 0; h < HEADS; ++h) total.c[h] = ((const decltype(total.c[0] + 0)*)part)[h];
"""
_SPREAD = """
    lanes* blocks = (lanes*)&numbers;
    for (int h = 0; h < HEADS; ++h)
        for (int b = 0; b < BLOCKS; ++b) blocks[h * BLOCKS + b] = (lanes)factor.c[h];
"""
_SCALE = """
    lanes* blocks = (lanes*)&numbers;
    for (int h = 0; h < HEADS; ++h)
        for (int b = 0; b < BLOCKS; ++b) blocks[h * BLOCKS + b] *= factor.c[h];
"""
_ADD_SCALED = """
    lanes* blocks = (lanes*)&numbers;
    const lanes* other = (const lanes*)(array.data + place);
    for (int h = 0; h < HEADS; ++h)
        for (int b = 0; b < BLOCKS; ++b)
            blocks[h * BLOCKS + b] += factor.c[h] * other[h * BLOCKS + b];
"""
_ADD_PRODUCT = """
    lanes* blocks = (lanes*)&numbers;
    const lanes* blocks_of_other = (const lanes*)&other;
    for (int h = 0; h < HEADS; ++h)
        for (int b = 0; b < BLOCKS; ++b)
            blocks[h * BLOCKS + b] += factor.c[h] * blocks_of_other[h * BLOCKS + b];
"""
_LOAD = """
    lanes* blocks = (lanes*)&numbers;
    for (int h = 0; h < HEADS; ++h)
        for (int b = 0; b < BLOCKS; ++b)
            blocks[h * BLOCKS + b] = ((const lanes*)(array.data + place + h * step))[b];
"""
_STORE = """
    const lanes* blocks = (const lanes*)&numbers;
    for (int h = 0; h < HEADS; ++h)
        for (int b = 0; b < BLOCKS; ++b)
            ((lanes*)(array.data + place + h * step))[b] = blocks[h * BLOCKS + b];
"""


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


class Access(NamedTuple):
    """Reading and writing one number where a 64-bit place says."""

    read: wp.Function  # (array, place, c) -> array[place + c]
    write: wp.Function  # (array, place, c, number)


@cache
@no_type_check
def access(scalar: type) -> Access:
    """Places beyond 2**31, and neighbours that clang knows to be neighbours."""

    @wp.func_native("return array.data[place + c];")
    def read(array: wp.array[scalar], place: wp.int64, c: int) -> scalar: ...

    @wp.func_native("array.data[place + c] = number;")
    def write(array: wp.array[scalar], place: wp.int64, c: int, number: scalar): ...

    return Access(read, write)


@cache
@no_type_check
def exponential(scalar: type) -> wp.Function:
    r"""Exponential without a branch or a call, so that a loop over heads becomes vector code.

    .. math:: e^x = 2^n \sum_{i \le d} \frac{r^i}{i!}, \qquad n = [x / \ln 2],\; r = x - n \ln 2

    with a degree whose next term is below the rounding error. Below the logarithm of the smallest
    normal number it gives zero, and not-a-number stays; ``x`` must not come near overflow.
    """
    double = scalar is wp.float64
    degree, mantissa, lowest = (13, 52, -708) if double else (7, 23, -87)
    # ln 2 in two parts: the first has so few bits that its multiples are exact
    high = round(_LN_2 * 2**15) / 2**15
    low = float(_LN_2 - Fraction(high))
    coefficients = [1 / math.factorial(i) for i in range(degree, -1, -1)]
    series = " ".join(f"p = p * r + number({c!r});" for c in coefficients[1:])
    snippet = f"""
        typedef {_C_NAMES[scalar]} number;
        typedef {"long long" if double else "int"} bits;
        const number shift = number({1.5 * 2**mantissa!r});  // adding it rounds to an integer
        const number shifted = x * number({1 / math.log(2)!r}) + shift;
        const number n = shifted - shift;
        const number r = (x - n * number({high!r})) - n * number({low!r});
        number p = number({coefficients[0]!r});
        {series}
        const bits exponent = __builtin_bit_cast(bits, shifted) << {mantissa};
        const number y = __builtin_bit_cast(number, __builtin_bit_cast(bits, p) + exponent);
        return x != x ? x : (x < number({lowest}) ? number(0) : y);
    """

    @wp.func_native(snippet)
    def exponential(x: scalar) -> scalar: ...

    return exponential
