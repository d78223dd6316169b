"""Predicted against true forces, one point for each case."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from graphformers.errors import DataError
from graphformers.physics.external_flow import forces_of_prediction
from graphformers.physics.judging import Predict
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.metrics import number_errors
from graphformers.physics.pictures.panels import hide_frame, new_figure, png_bytes

# predicted and true numbers, one of each for every case
Pairs: TypeAlias = Float[np.ndarray, "2 cases"]


def force_picture(forces: Mapping[str, Pairs]) -> bytes:
    """PNG with a panel for each coefficient: predicted against true, and how well they agree."""
    if not forces:
        raise DataError("no case has forces: they need pressure on a wall in a free stream")
    figure = new_figure(4.2 * len(forces), 4.2)
    grid = figure.subplots(1, len(forces), squeeze=False)[0]
    for axes, (name, pairs) in zip(grid, forces.items(), strict=True):
        _scatter(axes, name, pairs)
    return png_bytes(figure)


def forces_over_cases(predict: Predict, cases: Sequence[MeshCase]) -> dict[str, Pairs]:
    """Lift, drag and moment coefficient of predictions and of the truth, where cases have them."""
    found: dict[str, list[tuple[float, float]]] = {}
    for case in cases:
        for name, pair in forces_of_prediction(case, predict(case)).items():
            found.setdefault(name, []).append(pair)
    return {name: np.array(pairs).T for name, pairs in found.items()}


def _scatter(axes: Axes, name: str, pairs: Pairs) -> None:
    predicted, true = pairs
    ends = np.array([pairs.min(), pairs.max()])
    axes.plot(ends, ends, color="0.7", linewidth=1, zorder=0)
    axes.scatter(true, predicted, s=18, color="#d1495b", linewidths=0)
    axes.set_xlabel(f"{name} coefficient, true")
    axes.set_ylabel("predicted")
    axes.set_aspect("equal", adjustable="datalim")
    errors = number_errors(predicted, true)
    labels = {"r2": "R²", "correlation": "Pearson", "spearman": "Spearman"}
    axes.set_title(
        ", ".join(f"{label} {errors[key]:.3f}" for key, label in labels.items()), fontsize=9
    )
    hide_frame(axes)
