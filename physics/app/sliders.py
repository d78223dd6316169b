"""How far the parameters of a surrogate can be turned: as far as its training cases went."""

from dataclasses import dataclass

import numpy as np
import torch

from graphformers.physics.conditions import ANGLE_SUFFIX, LOGARITHMIC, condition_columns
from graphformers.physics.normalization import Normalization

REACH = 3**0.5  # standard deviations from the middle of evenly spread values to their ends
WORDS = {"reynolds": "Reynolds number", "mach": "Mach number"}
NOT_DIVIDED = 1.0  # the spread a normalisation states for what did not vary in training


@dataclass(frozen=True, kw_only=True)
class Slider:
    """A parameter between two ends; positions run from 0 to 1, evenly in the logarithm for some."""

    name: str
    low: float
    high: float

    @property
    def logarithmic(self) -> bool:
        """Whether equal steps multiply."""
        return self.name in LOGARITHMIC

    @property
    def varies(self) -> bool:
        """Whether the surrogate has seen more than one value."""
        return self.high > self.low

    @property
    def label(self) -> str:
        """The name as a person writes it, with its unit."""
        plain = self.name.removesuffix(ANGLE_SUFFIX).replace("_", " ")
        word = WORDS.get(plain, plain)
        return f"{word} (°)" if self.name.endswith(ANGLE_SUFFIX) else word

    @property
    def middle(self) -> float:
        """The value half-way."""
        return self.value(0.5)

    def value(self, position: float) -> float:
        """The parameter at a position of the slider."""
        if self.logarithmic:
            return float(self.low * (self.high / self.low) ** position)
        return float(self.low + (self.high - self.low) * position)

    def position(self, value: float) -> float:
        """The position of a value, 0 or 1 where it lies beyond the ends."""
        if not self.varies:
            return 0.5
        low, high, at = self.low, self.high, value
        if self.logarithmic:
            low, high, at = np.log([low, high, max(value, np.finfo(np.float64).tiny)])
        return float(np.clip((at - low) / (high - low), 0.0, 1.0))


def sliders_of(normalization: Normalization) -> tuple[Slider, ...]:
    """One slider for each parameter of a surrogate.

    What is kept of the training cases is the mean and the spread of each parameter. The ends are
    those of evenly spread values with this mean and spread, √3 standard deviations away.
    """
    mean = normalization.condition_mean.double()
    spread = normalization.condition_std.double()
    spread = torch.where(spread == NOT_DIVIDED, 0.0, spread)
    sliders, first = [], 0
    for name in normalization.parameters:
        own = slice(first, first + len(condition_columns([name])))
        first = own.stop
        middle, reach = _middle_and_spread(name, mean[own].numpy(), spread[own].numpy())
        low, high = middle - REACH * reach, middle + REACH * reach
        if name in LOGARITHMIC:
            low, high = 10**low, 10**high
        sliders.append(Slider(name=name, low=low, high=high))
    return tuple(sliders)


def _middle_and_spread(name: str, mean: np.ndarray, spread: np.ndarray) -> tuple[float, float]:
    if not name.endswith(ANGLE_SUFFIX):
        return float(mean[0]), float(spread[0])
    cosine, sine = mean
    return float(np.rad2deg(np.arctan2(sine, cosine))), float(np.rad2deg(np.linalg.norm(spread)))
