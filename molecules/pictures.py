"""Pictures of how good predictions are and what they rest on, as PNG bytes."""

import io
import math
import textwrap
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.offsetbox import AnnotationBbox, OffsetBox, OffsetImage, TextArea
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from graphformers.errors import DataError
from graphformers.molecules.drawing import (
    Contributions,
    contribution_colours,
    contribution_limit,
    draw_png,
)

ACCENT = "#0b6e8f"
GREY = "#8795a3"
DOTS_PER_INCH = 150
PANEL_INCHES = 3.7
MOST_PANELS = 12
MOST_SCAFFOLDS = 12
SCAFFOLD_SIZE = (300, 110)
SCAFFOLD_LETTERS = 30
TITLE_LETTERS = 40

Values = NDArray[np.floating]


def parity_plot(
    targets: Values,  # (rows, tasks), NaN where nothing was measured
    predictions: Values,  # (rows, tasks)
    names: Sequence[str],
) -> bytes:
    """Predicted over measured values, one panel for each of the first twelve targets."""

    def draw(axes: Axes, task: int) -> None:
        measured, predicted = _known(targets[:, task], predictions[:, task])
        axes.scatter(measured, predicted, s=16, color=ACCENT, alpha=0.6, linewidths=0)
        axes.set(xlabel="measured", ylabel="predicted", aspect="equal")
        if len(measured) > 0:
            both = np.concatenate([measured, predicted])
            margin = 0.05 * (np.ptp(both) or 1.0)
            limits = (both.min() - margin, both.max() + margin)
            axes.set(xlim=limits, ylim=limits)
            rmse = math.sqrt(np.mean((measured - predicted) ** 2))
            axes.text(0.04, 0.96, f"RMSE {rmse:.3g}", transform=axes.transAxes, va="top")
        axes.axline((0, 0), slope=1, color=GREY, linewidth=1, zorder=0)

    return _panels(names, draw)


def roc_plot(
    labels: Values,  # (rows, tasks), NaN where nothing was measured
    predictions: Values,  # (rows, tasks), larger for a stronger belief in 1
    names: Sequence[str],
) -> bytes:
    """True over false positive rate, one panel for each of the first twelve targets."""

    def draw(axes: Axes, task: int) -> None:
        known, predicted = _known(labels[:, task], predictions[:, task])
        if len(np.unique(known)) == 2:
            false_positive, true_positive, _ = roc_curve(known, predicted)
            axes.plot(false_positive, true_positive, color=ACCENT)
        else:
            axes.text(0.5, 0.5, "one class only", ha="center", transform=axes.transAxes)
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, zorder=0)
        axes.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal")

    return _panels(names, draw)


def error_by_scaffold(errors: Values, scaffolds: Sequence[str], axis: str) -> bytes:
    """Mean error over the molecules of a scaffold, from errors ``(rows,)``.

    Shown are the commonest scaffolds, of equally common ones those with the largest error. The
    others, NaN left out, only count in the overall mean.
    """
    groups: dict[str, list[float]] = {}
    for scaffold, error in zip(scaffolds, errors.tolist(), strict=True):
        if not math.isnan(error):
            groups.setdefault(scaffold, []).append(error)
    means = {scaffold: float(np.mean(of)) for scaffold, of in groups.items()}
    shown = sorted(groups, key=lambda one: (len(groups[one]), means[one]))[-MOST_SCAFFOLDS:]
    figure = Figure(figsize=(8, 1.2 + 0.6 * len(shown)), layout="constrained")
    axes = figure.subplots()
    axes.barh(range(len(shown)), [means[one] for one in shown], color=ACCENT, height=0.55)
    axes.set_yticks(range(len(shown)), [f"{len(groups[one])} ×" for one in shown])
    for place, scaffold in enumerate(shown):
        _put_scaffold(axes, scaffold, place)
    if groups:
        overall = float(np.nanmean(errors))
        axes.axvline(overall, color=GREY, linewidth=1, linestyle="--")
        axes.set_title(f"dashed: mean over all molecules, {overall:.3g}", fontsize=9, loc="right")
    axes.set(xlabel=axis, xlim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    return png_of(figure)


def _put_scaffold(axes: Axes, scaffold: str, place: int) -> None:
    """Draw a scaffold left of its bar, beyond the tick label."""
    label = AnnotationBbox(
        _drawn_scaffold(scaffold),
        (0, place),
        xybox=(-34, 0),
        boxcoords="offset points",
        box_alignment=(1, 0.5),
        frameon=False,
    )
    axes.add_artist(label)


def _drawn_scaffold(scaffold: str) -> OffsetBox:
    if not scaffold:
        return TextArea("no ring")
    try:
        png = draw_png(scaffold, size=SCAFFOLD_SIZE)
    except DataError:  # cut out of its molecule, it may have lost its aromaticity
        return TextArea(scaffold[:SCAFFOLD_LETTERS])
    return OffsetImage(imread(io.BytesIO(png), format="png"), zoom=0.36)


def contribution_grid(
    smiles: Sequence[str],
    contributions: Sequence[Contributions],
    captions: Sequence[str],
    scale_name: str,
) -> bytes:
    """Molecules side by side, their atoms coloured by contribution on one common scale."""
    limit = contribution_limit(contributions)
    columns, rows = _grid(len(smiles), most_columns=3)
    figure = Figure(figsize=(3.6 * columns + 0.8, 3.0 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for axes, one, values, caption in zip(
        panels.flat, smiles, contributions, captions, strict=False
    ):
        axes.imshow(imread(io.BytesIO(draw_png(one, values, limit=limit)), format="png"))
        axes.set_title(_wrapped(caption), fontsize=9)
    scale = ScalarMappable(Normalize(-limit, limit), contribution_colours())
    figure.colorbar(scale, ax=panels, label=scale_name, shrink=0.8, aspect=30)
    return png_of(figure)


def _panels(names: Sequence[str], draw: Callable[[Axes, int], None]) -> bytes:
    """A grid of axes, one for each of the first names, filled by ``draw(axes, number)``."""
    shown = names[:MOST_PANELS]
    columns, rows = _grid(len(shown), most_columns=4)
    size = (PANEL_INCHES * columns, PANEL_INCHES * rows)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat[len(shown) :]:
        axes.set_axis_off()
    for number, name in enumerate(shown):
        axes = panels.flat[number]
        axes.set_title(_wrapped(name), fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes, number)
    return png_of(figure)


def _grid(count: int, most_columns: int) -> tuple[int, int]:
    columns = min(max(count, 1), most_columns)
    return columns, max(math.ceil(count / columns), 1)


def _known(first: Values, second: Values) -> tuple[Values, Values]:
    both = ~(np.isnan(first) | np.isnan(second))
    return first[both], second[both]


def _wrapped(text: str) -> str:
    return textwrap.fill(text, TITLE_LETTERS).replace("$", r"\$")  # "$" would start a formula


def png_of(figure: Figure) -> bytes:
    """A figure as PNG."""
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=DOTS_PER_INCH)
    return written.getvalue()
