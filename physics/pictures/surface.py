"""Pictures of a field on the wall of a body in space, from several sides."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from graphformers.errors import DataError
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.pictures.captions import case_title, error_label, field_label
from graphformers.physics.pictures.color_scale import drawn, field_scale
from graphformers.physics.pictures.framing import Camera
from graphformers.physics.pictures.panels import Panel, comparison_panels, panel_figure, png_bytes
from graphformers.physics.pictures.rendering import Layer, render_space, wall_mesh

SIDES = ("front", "left", "top")


def surface_picture(case: MeshCase, field: str, *, views: Sequence[str] = SIDES) -> bytes:
    """PNG of one field on the wall, a row for each view; see ``CAMERAS`` for their names."""
    values = drawn(case.stacked_fields([field]))
    panel = Panel(
        title=case_title(case),
        label=field_label(case, field),
        values=values,
        scale=field_scale(values[_wall_points(case)]),
    )
    return _picture(case, [panel], views)


def surface_comparison(
    case: MeshCase,
    prediction: Float[np.ndarray, "points components"],
    field: str,
    *,
    views: Sequence[str] = SIDES,
) -> bytes:
    """PNG of truth, prediction and error on the wall, a row for each view."""
    visible = np.zeros(case.num_points, dtype=bool)
    visible[_wall_points(case)] = True
    panels = comparison_panels(
        case.stacked_fields([field]),
        np.asarray(prediction, np.float64),
        label=field_label(case, field),
        error_label=error_label(case, field),
        visible=visible,
    )
    return _picture(case, panels, views, title=case_title(case))


def _picture(
    case: MeshCase, panels: Sequence[Panel], views: Sequence[str], title: str = ""
) -> bytes:
    surface = wall_mesh(case.wall)

    def draw(panel: Panel, camera: Camera) -> np.ndarray:
        return render_space([Layer(mesh=surface, values=panel.values)], panel.scale, camera)

    figure = panel_figure(panels, [Camera.named(name) for name in views], draw)
    if title:
        figure.suptitle(title, fontsize=12)
    return png_bytes(figure)


def _wall_points(case: MeshCase) -> np.ndarray:
    if case.space == 2 or not case.wall.facets.size:
        raise DataError(f"case {case.name!r} has no wall in space to draw fields on")
    return case.wall.point_ids
