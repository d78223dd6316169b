r"""Random numbers that are a function of what they are for, not of when they are drawn.

.. math:: \mathrm{child}(s, l) = \mathrm{mix}(s + (l + 1)\,\gamma) \bmod 2^{64}

gives a seed its numbered children: a sample has a child for every hop, a hop for every node, a node
for every draw. Whoever knows the path from the root computes the number, in any order and on any
thread. For one seed, different labels never give the same child.

Source: ``mix`` and :math:`\gamma` of SplitMix64, Steele, Lea and Flood 2014 (OOPSLA).
"""

from functools import reduce

import warp as wp
from torch import Tensor

_MASK = 2**64 - 1
_GAMMA, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def child(seed: int, *labels: int) -> int:
    """The child of the child ... of ``seed``: one generation per label."""
    return reduce(_child, labels, seed & _MASK)


def _child(seed: int, label: int) -> int:
    bits = (seed + (label + 1) * _GAMMA) & _MASK
    bits = ((bits ^ (bits >> 30)) * _FIRST) & _MASK
    bits = ((bits ^ (bits >> 27)) * _SECOND) & _MASK
    return bits ^ (bits >> 31)


def children(seed: Tensor, labels: Tensor) -> Tensor:
    """``child`` for tensors of int64, whose 64 bits are those of the unsigned number."""
    bits = seed + (labels + 1) * _signed(_GAMMA)
    bits = (bits ^ shift_right(bits, 30)) * _signed(_FIRST)
    bits = (bits ^ shift_right(bits, 27)) * _signed(_SECOND)
    return bits ^ shift_right(bits, 31)


def shift_right(bits: Tensor, by: int) -> Tensor:
    """Let zeros in from the left, where int64 would let the sign in."""
    return (bits >> by) & ((1 << (64 - by)) - 1)


def _signed(constant: int) -> int:
    """The int64 of the same 64 bits."""
    return constant - (1 << 64) if constant >> 63 else constant


def below(bits: int, bound: int) -> int:
    """A number in ``0 ... bound - 1``; no number is more likely than another by over bound/2^64."""
    return bits * bound >> 64


def unit(bits: int) -> float:
    """A number in (0, 1] with 53 random bits."""
    return ((bits >> 11) + 1) * 2.0**-53


# The same functions for native kernel code; a snippet starts with this text.
NATIVE_RANDOMNESS = f"""
    auto child = [](uint64_t seed, uint64_t label) -> uint64_t {{
        uint64_t bits = seed + (label + 1) * {_GAMMA}ull;
        bits = (bits ^ (bits >> 30)) * {_FIRST}ull;
        bits = (bits ^ (bits >> 27)) * {_SECOND}ull;
        return bits ^ (bits >> 31);
    }};
    auto below = [](uint64_t bits, int64_t bound) -> int64_t {{
    #if defined(__CUDA_ARCH__)
        return __umul64hi(bits, bound);
    #else
        return (unsigned __int128)bits * bound >> 64;
    #endif
    }};
    auto unit = [](uint64_t bits) -> double {{ return ((bits >> 11) + 1) * 0x1p-53; }};
"""


@wp.func_native(NATIVE_RANDOMNESS + "return child(seed, label);")
def child_function(seed: wp.uint64, label: wp.uint64) -> wp.uint64:
    """``child`` for kernels in plain Warp."""
    ...
