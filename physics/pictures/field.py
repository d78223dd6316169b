"""Pictures of one field: alone, or truth, prediction and error side by side."""

import numpy as np
from jaxtyping import Bool, Float

from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.pictures.captions import case_title, error_label, field_label
from graphformers.physics.pictures.color_scale import drawn, field_scale
from graphformers.physics.pictures.framing import Box, body_box, close_up_box
from graphformers.physics.pictures.panels import Panel, comparison_panels, panel_figure, png_bytes
from graphformers.physics.pictures.rendering import render_plane
from graphformers.physics.pictures.streamlines import plane_streamlines
from graphformers.physics.pictures.surface import surface_comparison, surface_picture

NEAR_WALL = 0.02  # of the wall's extent: how far from it the close-up looks for the largest error


def comparison_picture(
    case: MeshCase, prediction: Float[np.ndarray, "points components"], field: str
) -> bytes:
    """PNG of truth, prediction and error of one field side by side.

    Truth and prediction share one colour scale. A 2-D case gets a second row, a close-up of the
    part of the wall where the error is largest. Of a vector field the length is drawn, and the
    length of the difference as its error.
    """
    if case.space == 3:
        return surface_comparison(case, prediction, field, views=("above",))
    truth = case.stacked_fields([field])
    panels = comparison_panels(
        truth,
        np.asarray(prediction, np.float64),
        label=field_label(case, field),
        error_label=error_label(case, field),
        visible=_visible(case),
    )
    near_wall = case.features[:, 1] <= NEAR_WALL * case.wall.extent
    error = np.linalg.norm(prediction - truth, axis=1) * near_wall
    boxes = [body_box(case), close_up_box(case, case.points[int(error.argmax())])]

    def draw(panel: Panel, box: Box) -> np.ndarray:
        return render_plane(case.dataset, panel.values, panel.scale, box)

    figure = panel_figure(panels, boxes, draw)
    figure.suptitle(case_title(case), fontsize=12)
    return png_bytes(figure)


def field_picture(case: MeshCase, field: str) -> bytes:
    """PNG of one field around the body; with streamlines where it is a velocity in a plane."""
    if case.space == 3:
        return surface_picture(case, field, views=("above",))
    values = case.stacked_fields([field])
    lines = plane_streamlines(case, field) if values.shape[1] == 2 else None
    panel = Panel(
        title=case_title(case),
        label=field_label(case, field),
        values=drawn(values),
        scale=field_scale(drawn(values)[_visible(case)]),
    )

    def draw(panel: Panel, box: Box) -> np.ndarray:
        return render_plane(case.dataset, panel.values, panel.scale, box, lines=lines)

    return png_bytes(panel_figure([panel], [body_box(case)], draw))


def _visible(case: MeshCase) -> Bool[np.ndarray, " points"]:
    """Points a picture shows, which the colours are chosen for."""
    visible = body_box(case).holds(case.points)
    visible[case.wall.point_ids] = True
    return visible
