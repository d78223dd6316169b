"""Pictures of fields on meshes: truth, prediction and error side by side; streamlines."""

from pathlib import Path

import numpy as np
import pyvista as pv
from jaxtyping import Bool, Float
from vtkmodules.vtkFiltersFlowPaths import vtkStreamTracer

from graphformers.files import replacing
from graphformers.physics.captions import case_title, field_label, with_unit
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.panels import Panel, panel_figure, png_bytes
from graphformers.physics.reading import ReadOptions, read_case
from graphformers.physics.rendering import Box, ColorScale

FIELD_COLORS = "viridis"
SIGNED_ERROR_COLORS = "RdBu_r"
ERROR_SIZE_COLORS = "magma_r"
OUTLIERS = 0.5  # per cent of the points at either end left to the ends of the colour scale
BODY_MARGIN = 0.25  # of the wall's extent, around the whole body
CLOSE_UP = 0.2  # of the wall's extent: the width of the close-up
NEAR_WALL = 0.02  # of the wall's extent: how far from it the close-up looks for the largest error
STREAMLINES = 24


def comparison_picture(
    case: MeshCase,
    prediction: Float[np.ndarray, "points components"],
    field: str,
) -> bytes:
    """PNG of truth, prediction and error of one field side by side.

    Truth and prediction share one colour scale. A 2-D case gets a second row, a close-up of the
    part of the wall where the error is largest. Of a vector field the length is drawn, and the
    length of the difference as its error.
    """
    truth = case.stacked_fields([field])
    panels = _comparison_panels(case, field, np.asarray(prediction, np.float64))
    if case.space == 3:
        boxes: list[Box | None] = [None]
    else:
        near_wall = case.features[:, 1] <= NEAR_WALL * case.wall.extent
        error = np.linalg.norm(prediction - truth, axis=1) * near_wall
        boxes = [body_box(case), close_up_box(case, case.points[int(error.argmax())])]
    figure = panel_figure(case, panels, boxes)
    figure.suptitle(case_title(case), fontsize=12)
    return png_bytes(figure)


def field_picture(case: MeshCase, field: str) -> bytes:
    """PNG of one field around the body; with streamlines where it is a velocity in a plane."""
    values = case.stacked_fields([field])
    drawn = _length(values)
    panel = Panel(
        title=case_title(case),
        label=field_label(case, field),
        values=drawn,
        scale=field_scale(drawn[_visible(case)]),
    )
    box = body_box(case) if case.space == 2 else None
    is_velocity = case.space == 2 and values.shape[1] == 2
    lines = streamlines(case, field) if is_velocity else None
    return png_bytes(panel_figure(case, [panel], [box], lines=lines))


def view(source: str | Path, *, field: str, screenshot: str | Path) -> None:
    """Draw one field of a mesh file or OpenFOAM case into a PNG file."""
    case = read_case(source, ReadOptions(fields=(field,)))
    write_picture(field_picture(case, field), screenshot)


def write_picture(png: bytes, path: str | Path) -> None:
    """Write a picture atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(png)


def body_box(case: MeshCase) -> Box:
    """Box around the wall, with a little more room behind it than in front."""
    wall = case.points[case.wall.point_ids]
    (left, bottom), (right, top) = wall.min(axis=0), wall.max(axis=0)
    margin = BODY_MARGIN * max(case.wall.extent, np.finfo(np.float64).tiny)
    return Box(
        left=left - margin, right=right + 2 * margin, bottom=bottom - margin, top=top + margin
    )


def close_up_box(case: MeshCase, center: Float[np.ndarray, " space"]) -> Box:
    """Box of the shape of ``body_box`` around one place."""
    whole = body_box(case)
    half_width = 0.5 * CLOSE_UP * case.wall.extent
    half_height = half_width * whole.height / whole.width
    x, y = center[:2]
    return Box(
        left=x - half_width, right=x + half_width, bottom=y - half_height, top=y + half_height
    )


def field_scale(values: Float[np.ndarray, " points"]) -> ColorScale:
    """Colours between the values at both ends, outliers left out."""
    low, high = np.percentile(values, [OUTLIERS, 100 - OUTLIERS])
    return ColorScale(name=FIELD_COLORS, low=float(low), high=float(max(high, low + 1e-12)))


def streamlines(case: MeshCase, field: str) -> pv.PolyData:
    """Streamlines of a plane velocity field through a column of points in front of the body."""
    mesh = case.dataset.copy(deep=False)
    mesh.clear_data()
    velocity = case.stacked_fields([field])
    mesh.point_data["velocity"] = np.column_stack([velocity, np.zeros(len(velocity))])
    mesh.set_active_vectors("velocity")
    box = body_box(case)
    seeds = np.zeros((STREAMLINES, 3))
    seeds[:, 0] = box.left + 0.02 * box.width
    seeds[:, 1] = np.linspace(box.bottom - 0.2 * box.height, box.top, STREAMLINES)
    seeds[:, 2] = np.asarray(mesh.points)[0, 2]
    tracer = vtkStreamTracer()
    tracer.SetInputDataObject(mesh)
    tracer.SetSourceData(pv.PolyData(seeds))
    tracer.SetSurfaceStreamlines(True)
    tracer.SetIntegrationDirectionToBoth()
    tracer.SetMaximumPropagation(2 * box.width)
    tracer.Update()
    return pv.wrap(tracer.GetOutput())


def _comparison_panels(case: MeshCase, field: str, prediction: np.ndarray) -> list[Panel]:
    truth, visible = case.stacked_fields([field]), _visible(case)
    shared = field_scale(_length(truth)[visible])
    is_scalar = truth.shape[1] == 1
    difference = prediction - truth
    error = difference[:, 0] if is_scalar else _length(difference)
    largest = max(float(np.percentile(np.abs(error[visible]), 100 - OUTLIERS)), 1e-12)
    low, colors = (-largest, SIGNED_ERROR_COLORS) if is_scalar else (0.0, ERROR_SIZE_COLORS)
    error_scale = ColorScale(name=colors, low=low, high=largest)
    label = field_label(case, field)
    return [
        Panel(title="truth", label=label, values=_length(truth), scale=shared),
        Panel(title="prediction", label=label, values=_length(prediction), scale=shared),
        Panel(
            title="prediction − truth" if is_scalar else "|prediction − truth|",
            label=f"error of {with_unit(field, case)}",
            values=error,
            scale=error_scale,
        ),
    ]


def _visible(case: MeshCase) -> Bool[np.ndarray, " points"]:
    """Points a picture shows, which the colours are chosen for."""
    visible = np.zeros(case.num_points, dtype=bool)
    if case.space == 2:
        visible = body_box(case).holds(case.points)
    visible[case.wall.point_ids] = True
    return visible


def _length(values: np.ndarray) -> np.ndarray:
    return values[:, 0] if values.shape[1] == 1 else np.linalg.norm(values, axis=1)
