r"""The exponential of several numbers at once.

Calling the C library's function number by number keeps a processor from using its vector
instructions. On the CPU a polynomial does instead:

.. math:: e^x = 2^n \sum_{i \le d} \frac{r^i}{i!}, \qquad n = [x / \ln 2],\; r = x - n \ln 2

with a degree whose next term is below the rounding error. Above the logarithm of half the largest
number the result is infinite, below that of the smallest normal number it is zero, and NaN stays.
"""

# pyright: reportInvalidTypeForm=false

import math
from fractions import Fraction
from functools import cache
from typing import no_type_check

import warp as wp

from graphformers.kernels.lanes import lane_count, lane_types

_LN_2 = Fraction("0.69314718055994530941723212145817656807550013436026")
# degree of the polynomial, bits of a fraction, least and largest argument
_PRECISION = {wp.float32: (7, 23, -87, 88.37), wp.float64: (13, 52, -708, 709.4)}


def exponential_series(scalar: type) -> str:
    """C++ that defines ``lanes y``, the exponential of ``lanes x``; see ``lane_types``."""
    degree, mantissa, lowest, highest = _PRECISION[scalar]
    # ln 2 in two parts: the first has so few bits that its multiples are exact
    high = round(_LN_2 * 2**15) / 2**15
    low = float(_LN_2 - Fraction(high))
    coefficients = [1 / math.factorial(i) for i in range(degree, -1, -1)]
    series = " ".join(f"p = p * r + number({c!r});" for c in coefficients[1:])
    return f"""
        const number shift = number({1.5 * 2**mantissa!r});  // adding it rounds to an integer
        const lanes shifted = x * number({1 / math.log(2)!r}) + shift;
        const lanes n = shifted - shift;
        const lanes r = (x - n * number({high!r})) - n * number({low!r});
        lanes p = (lanes)number({coefficients[0]!r});
        {series}
        const bits exponent = __builtin_bit_cast(bits, shifted) << {mantissa};
        const bits raised = __builtin_bit_cast(bits, p) + exponent;
        lanes y = __builtin_bit_cast(lanes, raised) + (x - x);  // keeps not-a-number
        y = x < number({lowest}) ? (lanes)number(0) : y;
        y = x > number({highest}) ? (lanes)number(__builtin_inf()) : y;
    """


@cache
@no_type_check
def exponential_function(width: int, scalar: type) -> wp.Function:
    """``exponential(x)`` of a vector of ``width`` channels."""
    block = wp.types.vector(width, scalar)
    lanes = lane_count(width, scalar)
    snippet = f"""
#ifdef __CUDA_ARCH__
    for (int c = 0; c < {width}; ++c) numbers[c] = ::exp(numbers[c]);
#else
    {lane_types(scalar, lanes)}
    for (int i = 0; i < {width // lanes}; ++i) {{
        const lanes x = ((const lanes*)&numbers)[i];
        {exponential_series(scalar)}
        ((lanes*)&numbers)[i] = y;
    }}
#endif
    return numbers;
"""

    @wp.func_native(snippet)
    def exponential(numbers: block) -> block: ...

    return exponential
