"""How far the parameters of a surrogate can be turned: as far as its training cases went."""

from dataclasses import dataclass

import numpy as np

from graphformers.physics.conditions import ANGLE_SUFFIX, LOGARITHMIC
from graphformers.physics.training_range import TrainingRange

WORDS = {"reynolds": "Reynolds number", "mach": "Mach number"}


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


def sliders_of(seen: TrainingRange) -> tuple[Slider, ...]:
    """One slider for each parameter of a surrogate, between the ends of its training cases."""
    return tuple(
        Slider(name=name, low=low, high=high) for name, (low, high) in seen.parameters.items()
    )
