"""Rows and columns of pictures with one colour bar for each colour scale."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyvista as pv
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.rendering import Box, ColorScale, render_plane, render_surface

DPI = 130


@dataclass(frozen=True, eq=False, kw_only=True)
class Panel:
    """One picture of a row: what is drawn, its title, its colours and what they stand for."""

    title: str
    label: str
    values: Float[np.ndarray, " points"]
    scale: ColorScale


def panel_figure(
    case: MeshCase,
    panels: Sequence[Panel],
    boxes: Sequence[Box | None],
    *,
    lines: pv.PolyData | None = None,
) -> Figure:
    """Rows of the boxes, columns of the panels; a colour bar below each run of equal scales."""
    shape = next((box.height / box.width for box in boxes if box), 0.75)
    panel_width = 4.6 if len(panels) > 1 else 7.5
    height = len(boxes) * (panel_width * shape + 0.25) + 1.2
    figure = new_figure(panel_width * len(panels), height)
    grid = figure.subplots(len(boxes), len(panels), squeeze=False)
    for row, box in enumerate(boxes):
        for column, panel in enumerate(panels):
            axes = grid[row][column]
            _draw(axes, case, panel, box, lines)
            if row == 0:
                axes.set_title(panel.title, fontsize=11)
            if column > 0:
                axes.tick_params(labelleft=False)
    for first, last in _runs([panel.scale for panel in panels]):
        _color_bar(figure, grid[:, first:last], panels[first])
    return figure


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


def _draw(
    axes: Axes, case: MeshCase, panel: Panel, box: Box | None, lines: pv.PolyData | None
) -> None:
    if box is None:
        axes.imshow(render_surface(case.wall, panel.values, panel.scale))
        axes.set_axis_off()
        return
    image = render_plane(case.dataset, panel.values, panel.scale, box, lines=lines)
    borders = (box.left, box.right, box.bottom, box.top)
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
