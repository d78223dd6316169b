"""Pictures of how good predictions are, as PNG bytes."""

import io
import math
import textwrap
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, roc_curve

ACCENT = "#0b6e8f"
GREY = "#8795a3"
DOTS_PER_INCH = 150
PANEL_INCHES = 3.7
MOST_PANELS = 12
MOST_CLASSES = 30
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


def confusion_plot(
    labels: Sequence[str],  # (rows,)
    predictions: Sequence[str],  # (rows,)
    classes: Sequence[str],
) -> bytes:
    """Share of every class, a row, that is predicted as each; the first thirty classes."""
    shown = list(classes[:MOST_CLASSES])
    figure = Figure(figsize=(2.5 + 0.35 * len(shown), 2 + 0.35 * len(shown)), layout="constrained")
    axes = figure.subplots()
    counts = np.zeros((len(shown), len(shown)))
    if set(labels) & set(shown):
        counts = confusion_matrix(labels, predictions, labels=shown).astype(float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    names = [wrapped(one) for one in shown]
    axes.set_xticks(range(len(shown)), names, rotation=90)
    axes.set_yticks(range(len(shown)), names)
    axes.set(xlabel="predicted", ylabel="labelled")
    figure.colorbar(image, ax=axes, label="share of the row", shrink=0.8)
    return png_of(figure)


def _panels(names: Sequence[str], draw: Callable[[Axes, int], None]) -> bytes:
    """A grid of axes, one for each of the first names, filled by ``draw(axes, number)``."""
    shown = names[:MOST_PANELS]
    columns, rows = grid(len(shown), most_columns=4)
    size = (PANEL_INCHES * columns, PANEL_INCHES * rows)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat[len(shown) :]:
        axes.set_axis_off()
    for number, name in enumerate(shown):
        axes = panels.flat[number]
        axes.set_title(wrapped(name), fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes, number)
    return png_of(figure)


def grid(count: int, most_columns: int) -> tuple[int, int]:
    """Columns and rows of panels."""
    columns = min(max(count, 1), most_columns)
    return columns, max(math.ceil(count / columns), 1)


def _known(first: Values, second: Values) -> tuple[Values, Values]:
    both = ~(np.isnan(first) | np.isnan(second))
    return first[both], second[both]


def wrapped(text: str) -> str:
    """A title in lines of at most forty letters."""
    return textwrap.fill(text, TITLE_LETTERS).replace("$", r"\$")  # "$" would start a formula


def png_of(figure: Figure) -> bytes:
    """A figure as PNG."""
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=DOTS_PER_INCH)
    return written.getvalue()
