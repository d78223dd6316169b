"""Streamlines of a velocity field, in the plane and in space."""

from typing import cast

import numpy as np
import pyvista as pv
from jaxtyping import Float
from vtkmodules.vtkFiltersFlowPaths import vtkStreamTracer

from graphformers.errors import DataError
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.pictures.captions import case_title, field_label
from graphformers.physics.pictures.color_scale import field_scale
from graphformers.physics.pictures.framing import Camera, body_box
from graphformers.physics.pictures.panels import Panel, panel_figure, png_bytes
from graphformers.physics.pictures.rendering import Layer, render_space, wall_mesh
from graphformers.physics.pictures.volume import mesh_with, volume_with

STREAMLINES = 24  # in the plane
ROWS = 9  # in space, and as many columns
SEEDS_MARGIN = 0.25  # of the wall's extent: how much wider than the body seeds stand
TUBE = 0.004  # of the wall's extent: radius of a streamline in space
VELOCITY = "velocity"


def streamline_picture(case: MeshCase, field: str, *, view: str = "above") -> bytes:
    """PNG of streamlines around a body in space, coloured by speed."""
    lines = space_streamlines(case, field)
    if not lines.n_points:
        raise DataError(f"no streamline of {field!r} starts in front of the wall of {case.name!r}")
    tubes = cast(pv.PolyData, lines.tube(radius=TUBE * case.wall.extent))
    speed = np.linalg.norm(tubes.point_data[VELOCITY], axis=1)
    panel = Panel(
        title=case_title(case),
        label=field_label(case, field),
        values=speed,
        scale=field_scale(speed),
    )
    body = Layer(mesh=wall_mesh(case.wall))

    def draw(panel: Panel, camera: Camera) -> np.ndarray:
        return render_space([body, Layer(mesh=tubes, values=panel.values)], panel.scale, camera)

    return png_bytes(panel_figure([panel], [Camera.named(view)], draw))


def plane_streamlines(case: MeshCase, field: str) -> pv.PolyData:
    """Streamlines of a plane velocity field through a column of points in front of the body."""
    box = body_box(case)
    seeds = np.zeros((STREAMLINES, 3))
    seeds[:, 0] = box.left + 0.02 * box.width
    seeds[:, 1] = np.linspace(box.bottom - 0.2 * box.height, box.top, STREAMLINES)
    seeds[:, 2] = np.asarray(case.dataset.points)[0, 2]
    velocity = np.pad(_velocity(case, field), ((0, 0), (0, 1)))
    mesh = mesh_with(case, {VELOCITY: velocity})
    return _traced(mesh, seeds, length=2 * box.width, on_surface=True)


def space_streamlines(case: MeshCase, field: str) -> pv.PolyData:
    """Streamlines through a grid of points in front of a body in space."""
    mesh = volume_with(case, {VELOCITY: _velocity(case, field)})
    wall = case.points[case.wall.point_ids]
    margin = SEEDS_MARGIN * case.wall.extent
    low, high = wall.min(axis=0) - margin, wall.max(axis=0) + margin
    low = np.maximum(low, case.points.min(axis=0))
    high = np.minimum(high, case.points.max(axis=0))
    side, height = np.meshgrid(_inside(low[1], high[1]), _inside(low[2], high[2]), indexing="ij")
    ahead = np.full(side.size, low[0] + 1e-3 * (high[0] - low[0]))
    seeds = np.column_stack([ahead, side.ravel(), height.ravel()])
    return _traced(mesh, seeds, length=4 * float((high - low).max()), on_surface=False)


def _inside(low: float, high: float) -> Float[np.ndarray, " rows"]:
    """Places between two ends, without the ends."""
    return np.linspace(low, high, ROWS + 2)[1:-1]


def _velocity(case: MeshCase, field: str) -> Float[np.ndarray, "points space"]:
    velocity = case.stacked_fields([field])
    if velocity.shape[1] != case.space:
        raise DataError(
            f"streamlines need a vector of {case.space} components; {field!r} has "
            f"{velocity.shape[1]}"
        )
    return velocity


def _traced(
    mesh: pv.DataSet, seeds: Float[np.ndarray, "seeds 3"], *, length: float, on_surface: bool
) -> pv.PolyData:
    mesh.set_active_vectors(VELOCITY)
    tracer = vtkStreamTracer()
    tracer.SetInputDataObject(mesh)
    tracer.SetSourceData(pv.PolyData(seeds))
    tracer.SetSurfaceStreamlines(on_surface)
    tracer.SetIntegrationDirectionToBoth()
    tracer.SetMaximumPropagation(length)
    tracer.Update()
    return pv.wrap(tracer.GetOutput())
