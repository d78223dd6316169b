"""Surfaces, in the plane lines, where a field has one value."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import pyvista as pv
from jaxtyping import Float

from graphformers.errors import DataError
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.pictures.captions import case_title, field_label
from graphformers.physics.pictures.color_scale import drawn, field_scale
from graphformers.physics.pictures.framing import Box, Camera, body_box
from graphformers.physics.pictures.panels import Panel, panel_figure, png_bytes
from graphformers.physics.pictures.rendering import (
    Layer,
    render_plane,
    render_space,
    wall_mesh,
)
from graphformers.physics.pictures.volume import mesh_with, volume_with

LEVELS_IN_SPACE = (10.0, 50.0, 90.0)  # per cent of the points below each surface
LEVELS_IN_PLANE = tuple(np.linspace(5, 95, 13))
OPACITY = 0.5
VALUES = "values"


def isosurface_picture(
    case: MeshCase, field: str, levels: Sequence[float] | None = None, *, view: str = "above"
) -> bytes:
    """PNG of the surfaces where a field has these values, around the body.

    In the plane they are lines over the field. Without ``levels`` they are chosen so that shares
    of the points lie between them.
    """
    values = drawn(case.stacked_fields([field]))
    chosen = default_levels(case, values) if levels is None else levels
    surfaces = isosurfaces(case, values, chosen)
    panel = Panel(
        title=case_title(case),
        label=field_label(case, field),
        values=values,
        scale=field_scale(values),
    )
    if case.space == 2:

        def draw_plane(panel: Panel, box: Box) -> np.ndarray:
            return render_plane(case.dataset, panel.values, panel.scale, box, lines=surfaces)

        return png_bytes(panel_figure([panel], [body_box(case)], draw_plane))
    layers = [
        Layer(mesh=wall_mesh(case.wall)),
        Layer(mesh=surfaces, values=np.asarray(surfaces.point_data[VALUES]), opacity=OPACITY),
    ]

    def draw_space(panel: Panel, camera: Camera) -> np.ndarray:
        return render_space(layers, panel.scale, camera)

    return png_bytes(panel_figure([panel], [Camera.named(view)], draw_space))


def default_levels(case: MeshCase, values: Float[np.ndarray, " points"]) -> list[float]:
    """Values with fixed shares of the points below each, equal ones once."""
    shares = LEVELS_IN_PLANE if case.space == 2 else LEVELS_IN_SPACE
    return np.unique(np.percentile(values, shares)).tolist()


def isosurfaces(
    case: MeshCase, values: Float[np.ndarray, " points"], levels: Sequence[float]
) -> pv.PolyData:
    """The surfaces, or lines, with ``values`` at their points."""
    mesh = (volume_with if case.space == 3 else mesh_with)(case, {VALUES: values})
    found = cast(pv.PolyData, mesh.contour(isosurfaces=list(levels), scalars=VALUES))
    if not found.n_points:
        raise DataError(
            f"the field never is {', '.join(f'{level:g}' for level in levels)}; it lies between "
            f"{values.min():g} and {values.max():g}"
        )
    return found
