r"""The exponential of a block of channels at once.

Calling the C library's function channel by channel keeps a processor from using its vector
instructions. In single precision on the CPU a polynomial does instead:

.. math:: e^x = 2^n e^r, \qquad n = \mathrm{round}(x / \ln 2), \qquad |r| \le \tfrac{1}{2} \ln 2

Eight terms of the series of :math:`e^r` leave a relative error below 3e-7. Above 88.37 the result
is infinite, below -87.33 it is zero, and NaN stays. Double precision and CUDA call their library.
"""

# pyright: reportInvalidTypeForm=false

from functools import cache
from typing import no_type_check

import warp as wp

_BY_LIBRARY = "for (int c = 0; c < WIDTH; ++c) x[c] = ::exp(x[c]);"

# Adding 1.5 * 2**23 rounds to an integer, which then stands in the lowest bits; shifted left by 23
# these bits are an exponent. Ln 2 is subtracted in two parts, the first exact in few bits.
_BY_SERIES = """
    for (int c = 0; c < WIDTH; ++c) {
        const float value = x[c];
        const float shifted = value * 1.44269504f + 12582912.0f;
        const float power = shifted - 12582912.0f;
        const float rest = (value - power * 0.693359375f) + power * 2.12194440e-4f;
        float series = 1.0f / 5040;
        series = series * rest + 1.0f / 720;
        series = series * rest + 1.0f / 120;
        series = series * rest + 1.0f / 24;
        series = series * rest + 1.0f / 6;
        series = series * rest + 0.5f;
        series = series * rest + 1.0f;
        series = series * rest + 1.0f;
        unsigned bits;
        __builtin_memcpy(&bits, &shifted, 4);
        bits = (bits + 127u) << 23;
        float scale;
        __builtin_memcpy(&scale, &bits, 4);
        const float result = value < -87.33f ? 0.0f : series * scale;
        x[c] = value > 88.37f ? __builtin_inff() : result;
    }
"""


@cache
@no_type_check
def exponential_function(width: int, scalar: type) -> wp.Function:
    """``exponential(x)`` of a vector of ``width`` channels."""
    block = wp.types.vector(width, scalar)
    on_cpu = _BY_SERIES if scalar is wp.float32 else _BY_LIBRARY
    snippet = f"""
#ifdef __CUDA_ARCH__
    {_BY_LIBRARY}
#else
    {on_cpu}
#endif
    return x;
"""

    @wp.func_native(snippet.replace("WIDTH", str(width)))
    def exponential(x: block) -> block: ...

    return exponential
