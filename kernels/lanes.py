"""Explicit vectors of numbers in native code, of which clang makes vector instructions."""

import math

import warp as wp

_NUMBERS = {wp.float32: ("float", "int", 4), wp.float64: ("double", "long long", 8)}
_WIDEST = 64  # bytes in the longest vector register there is


def lane_count(numbers: int, scalar: type) -> int:
    """How many of ``numbers`` fit a register, so that no vector is left half empty."""
    return math.gcd(numbers, _WIDEST // _NUMBERS[scalar][2])


def lane_types(scalar: type, lanes: int) -> str:
    """C++ types: a ``number``, ``lanes`` of them, and the ``bits`` of those as integers.

    One lane is the plain number, as compilers other than clang need it.
    """
    number, integer, size = _NUMBERS[scalar]
    vector = f"__attribute__((ext_vector_type({lanes}), aligned({size}), may_alias))"
    attributes = vector if lanes > 1 else ""
    return f"""
        typedef {number} number;
        typedef number lanes {attributes};
        typedef {integer} bits {attributes};
    """
