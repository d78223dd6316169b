"""Pictures of what errors and predictions rest on, as PNG bytes."""

import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.offsetbox import AnnotationBbox, OffsetBox, OffsetImage, TextArea

from graphformers.errors import DataError
from graphformers.molecules.drawing import (
    Contributions,
    contribution_colours,
    contribution_limit,
    draw_png,
)
from graphformers.tasks.agreement_pictures import ACCENT, GREY, Values, grid, png_of, wrapped

MOST_SCAFFOLDS = 12
SCAFFOLD_SIZE = (300, 110)
SCAFFOLD_LETTERS = 30


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
    columns, rows = grid(len(smiles), most_columns=3)
    figure = Figure(figsize=(3.6 * columns + 0.8, 3.0 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for axes, one, values, caption in zip(
        panels.flat, smiles, contributions, captions, strict=False
    ):
        axes.imshow(imread(io.BytesIO(draw_png(one, values, limit=limit)), format="png"))
        axes.set_title(wrapped(caption), fontsize=9)
    scale = ScalarMappable(Normalize(-limit, limit), contribution_colours())
    figure.colorbar(scale, ax=panels, label=scale_name, shrink=0.8, aspect=30)
    return png_of(figure)
