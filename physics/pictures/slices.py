"""Plane cuts through a mesh in space."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np
import pyvista as pv
from jaxtyping import Float

from graphformers.errors import ConfigError, DataError
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.pictures.captions import case_title, error_label, field_label
from graphformers.physics.pictures.color_scale import drawn, field_scale
from graphformers.physics.pictures.framing import Box
from graphformers.physics.pictures.panels import Panel, comparison_panels, panel_figure, png_bytes
from graphformers.physics.pictures.rendering import render_plane
from graphformers.physics.pictures.volume import volume_with

Axis: TypeAlias = Literal["x", "y", "z"]
IN_PLANE: Mapping[Axis, tuple[int, int]] = {"x": (1, 2), "y": (0, 2), "z": (0, 1)}
SLICE_MARGIN = 0.5  # of the wall's extent, around the body


def slice_picture(
    case: MeshCase,
    field: str,
    prediction: Float[np.ndarray, "points components"] | None = None,
    *,
    normal: Axis = "y",
    position: float = 0.5,
) -> bytes:
    """PNG of a field on a plane around the body, beside its prediction and the error if given.

    ``position`` runs from 0 to 1 through the wall's bounding box.
    """
    arrays = {"truth": case.stacked_fields([field])}
    if prediction is not None:
        arrays["prediction"] = np.asarray(prediction, np.float64)
    cut = plane_slice(case, arrays, normal=normal, position=position)
    box = _body_on_plane(case, cut, normal)
    panels = _panels(case, field, cut, box.holds(np.asarray(cut.points)))

    def draw(panel: Panel, box: Box) -> np.ndarray:
        return render_plane(cut, panel.values, panel.scale, box)

    names = tuple("xyz"[axis] for axis in IN_PLANE[normal])
    figure = panel_figure(panels, [box], draw, axis_names=(names[0], names[1]))
    place = plane_place(case, normal, position)
    figure.suptitle(f"{case_title(case)}: {normal} = {place:.4g}", fontsize=12)
    return png_bytes(figure)


def plane_slice(
    case: MeshCase,
    arrays: Mapping[str, Float[np.ndarray, "points components"]],
    *,
    normal: Axis,
    position: float = 0.5,
) -> pv.PolyData:
    """A cut through a mesh in space, laid into the plane z = 0, with these arrays on it."""
    mesh = volume_with(case, arrays)
    origin = np.zeros(3)
    origin["xyz".index(normal)] = plane_place(case, normal, position)
    cut = mesh.slice(normal=normal, origin=origin)
    if not cut.n_points:
        raise DataError(f"the plane {normal} = {origin.max():.4g} does not meet {case.name!r}")
    flat = np.zeros((cut.n_points, 3))
    flat[:, :2] = np.asarray(cut.points)[:, IN_PLANE[normal]]
    cut.points = flat
    return cut


def plane_place(case: MeshCase, normal: Axis, position: float) -> float:
    """Coordinate of a plane at a share of the way through the wall's bounding box."""
    if not 0 <= position <= 1:
        raise ConfigError(f"position runs from 0 to 1 through the body; got {position}")
    along = case.points[case.wall.point_ids, "xyz".index(normal)]
    return float(along.min() + position * np.ptp(along))


def _panels(case: MeshCase, field: str, cut: pv.PolyData, visible: np.ndarray) -> list[Panel]:
    truth = _columns(cut, "truth")
    label = field_label(case, field)
    if "prediction" in cut.point_data:
        return comparison_panels(
            truth,
            _columns(cut, "prediction"),
            label=label,
            error_label=error_label(case, field),
            visible=visible,
        )
    scale = field_scale(drawn(truth)[visible])
    return [Panel(title="", label=label, values=drawn(truth), scale=scale)]


def _columns(cut: pv.PolyData, name: str) -> Float[np.ndarray, "points components"]:
    return np.asarray(cut.point_data[name], np.float64).reshape(cut.n_points, -1)


def _body_on_plane(case: MeshCase, cut: pv.PolyData, normal: Axis) -> Box:
    """The body with room around it, as far as the cut reaches."""
    wall = case.points[case.wall.point_ids][:, IN_PLANE[normal]]
    margin = SLICE_MARGIN * case.wall.extent
    reach = np.asarray(cut.points)[:, :2]
    left, bottom = np.maximum(wall.min(axis=0) - margin, reach.min(axis=0))
    right, top = np.minimum(wall.max(axis=0) + margin, reach.max(axis=0))
    return Box(left=float(left), right=float(right), bottom=float(bottom), top=float(top))
