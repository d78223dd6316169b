"""Rows and columns of pictures with one colour bar for each colour scale."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float, UInt8
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from graphformers.physics.pictures.color_scale import ColorScale, drawn, error_scale, field_scale
from graphformers.physics.pictures.framing import Box, Camera

DPI = 130
View = TypeVar("View", bound=Box | Camera)


@dataclass(frozen=True, eq=False, kw_only=True)
class Panel:
    """One picture of a row: what is drawn, its title, its colours and what they stand for."""

    title: str
    label: str
    values: Float[np.ndarray, " points"]
    scale: ColorScale


def panel_figure(
    panels: Sequence[Panel],
    views: Sequence[View],
    draw: Callable[[Panel, View], UInt8[np.ndarray, "height width 3"]],
    *,
    axis_names: tuple[str, str] | None = None,
) -> Figure:
    """Rows of the views, columns of the panels; a colour bar below each run of equal scales.

    ``draw`` makes the pixels of a panel in one view.
    """
    panel_width = 4.6 if max(len(panels), len(views)) > 1 else 7.5
    height = sum(panel_width * view.shape + 0.25 for view in views) + 1.2
    figure = new_figure(panel_width * len(panels), height)
    grid = figure.subplots(
        len(views), len(panels), squeeze=False, height_ratios=[view.shape for view in views]
    )
    for row, view in enumerate(views):
        for column, panel in enumerate(panels):
            axes = grid[row][column]
            _show(axes, draw(panel, view), view)
            if row == 0:
                axes.set_title(panel.title, fontsize=11)
            if column > 0:
                axes.tick_params(labelleft=False)
            elif isinstance(view, Camera) and len(views) > 1:
                axes.set_ylabel(view.name)
    if axis_names:
        grid[-1][0].set_xlabel(axis_names[0])
        grid[-1][0].set_ylabel(axis_names[1])
    for first, last in _runs([panel.scale for panel in panels]):
        _color_bar(figure, grid[:, first:last], panels[first])
    return figure


def comparison_panels(
    truth: Float[np.ndarray, "points components"],
    prediction: Float[np.ndarray, "points components"],
    *,
    label: str,
    error_label: str,
    visible: Bool[np.ndarray, " points"] | None = None,
) -> list[Panel]:
    """Truth, prediction and error; truth and prediction share one scale.

    Of a vector field the length is drawn, and the length of the difference as its error. The
    colours are chosen for the ``visible`` points.
    """
    signed = truth.shape[1] == 1
    shown = slice(None) if visible is None else visible
    error = drawn(prediction - truth)
    shared = field_scale(drawn(truth)[shown])
    return [
        Panel(title="truth", label=label, values=drawn(truth), scale=shared),
        Panel(title="prediction", label=label, values=drawn(prediction), scale=shared),
        Panel(
            title="prediction − truth" if signed else "|prediction − truth|",
            label=error_label,
            values=error,
            scale=error_scale(error[shown], signed=signed),
        ),
    ]


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this many inches, without any global state."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def hide_frame(axes: Axes) -> None:
    """Leave the two axes only."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def png_bytes(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight", pad_inches=0.1)
    return buffer.getvalue()


def _show(axes: Axes, image: UInt8[np.ndarray, "height width 3"], view: Box | Camera) -> None:
    if isinstance(view, Camera):
        axes.imshow(image)
        axes.set(xticks=[], yticks=[], frame_on=False)
        return
    borders = (view.left, view.right, view.bottom, view.top)
    axes.imshow(image, extent=borders, interpolation="antialiased")
    axes.tick_params(labelsize=8, length=2)
    axes.locator_params(nbins=5)
    hide_frame(axes)


def _color_bar(figure: Figure, axes: np.ndarray, panel: Panel) -> None:
    mapping = ScalarMappable(Normalize(panel.scale.low, panel.scale.high), panel.scale.name)
    bar = figure.colorbar(
        mapping,
        ax=axes,
        orientation="horizontal",
        extend="max" if panel.scale.low == 0 else "both",
        aspect=28,
        shrink=0.7,
        pad=0.03,
    )
    bar.set_label(panel.label, fontsize=9)
    bar.locator = MaxNLocator(nbins=5)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]


def _runs(scales: Sequence[ColorScale]) -> list[tuple[int, int]]:
    """First and past-the-last column of every run of equal scales."""
    starts = [k for k in range(len(scales)) if k == 0 or scales[k] != scales[k - 1]]
    return list(zip(starts, [*starts[1:], len(scales)], strict=True))
