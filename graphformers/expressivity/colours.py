"""Colours as 64-bit numbers: equal things get equal ones, different things hardly ever do."""

import numpy as np
import numpy.typing as npt

Colours = npt.NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def mixed(colours: Colours) -> Colours:
    """A one-to-one scrambling of 64-bit numbers.

    Source: the last step of SplitMix64, Steele et al. 2014, doi:10.1145/2660193.2660195.
    """
    colours = colours + _GOLDEN
    colours = (colours ^ (colours >> np.uint64(30))) * _FIRST
    colours = (colours ^ (colours >> np.uint64(27))) * _SECOND
    return colours ^ (colours >> np.uint64(31))


def ordered(first: Colours, second: Colours) -> Colours:
    """One colour of an ordered couple."""
    return mixed(mixed(first) * _SECOND + second)


def gathered(colours: Colours, axis: int) -> Colours:
    """One colour of everything along an axis, in whatever order it stands there.

    Two different collections get the same colour with probability about 2^-64: colours can miss a
    difference, never invent one.
    """
    return mixed(mixed(colours).sum(axis=axis, keepdims=True)).squeeze(axis)


def count(colours: Colours) -> int:
    """Number of different colours."""
    return int(np.unique(colours).size)
