"""Colours of fields and of their errors."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

FIELD_COLORS = "viridis"
SIGNED_ERROR_COLORS = "RdBu_r"
ERROR_SIZE_COLORS = "magma_r"
OUTLIERS = 0.5  # per cent of the points at either end left to the ends of the colour scale
NARROWEST = 1e-12  # a scale must have two ends


@dataclass(frozen=True, kw_only=True)
class ColorScale:
    """A colour map and the values at its two ends."""

    name: str
    low: float
    high: float


def field_scale(values: Float[np.ndarray, " points"]) -> ColorScale:
    """Colours between the values at both ends, outliers left out."""
    low, high = np.percentile(values, [OUTLIERS, 100 - OUTLIERS])
    return ColorScale(name=FIELD_COLORS, low=float(low), high=float(max(high, low + NARROWEST)))


def error_scale(error: Float[np.ndarray, " points"], *, signed: bool) -> ColorScale:
    """Colours of an error: two around zero where it has a sign, else from zero on."""
    largest = max(float(np.percentile(np.abs(error), 100 - OUTLIERS)), NARROWEST)
    if signed:
        return ColorScale(name=SIGNED_ERROR_COLORS, low=-largest, high=largest)
    return ColorScale(name=ERROR_SIZE_COLORS, low=0.0, high=largest)


def drawn(values: Float[np.ndarray, "points components"]) -> Float[np.ndarray, " points"]:
    """What is drawn of a field: a scalar itself, of a vector its length."""
    return values[:, 0] if values.shape[1] == 1 else np.linalg.norm(values, axis=1)
