"""Meshes to pixels with PyVista, off screen: plain pictures without any text."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyvista as pv
from jaxtyping import Float, UInt8

from graphformers.errors import GraphformersError
from graphformers.physics.mesh_file import vtk_messages
from graphformers.physics.pictures.color_scale import ColorScale
from graphformers.physics.pictures.framing import Box, Camera
from graphformers.physics.wall import Wall

HEADLESS_VTK = (9, 4)  # from here on VTK's Linux wheels draw without a display
VALUES = "drawn values"
PLAIN = "lightgray"


class RenderingError(GraphformersError, RuntimeError):
    """Nothing can be drawn on this machine."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Layer:
    """A mesh of a picture of a body in space, coloured by values or plain grey."""

    mesh: pv.DataSet
    values: Float[np.ndarray, " points"] | None = None
    opacity: float = 1.0


def render_plane(
    mesh: pv.DataSet,
    values: Float[np.ndarray, " points"],
    scale: ColorScale,
    box: Box,
    *,
    width: int = 700,
    lines: pv.PolyData | None = None,
) -> UInt8[np.ndarray, "height width 3"]:
    """A 2-D mesh seen straight on, so that the picture's borders are exactly the box's.

    ``lines`` are drawn over it in white.
    """
    plotter = off_screen_plotter(width, max(round(width * box.shape), 1))
    _add(plotter, mesh, values, scale, lighting=False)
    if lines is not None and lines.n_points:
        plotter.add_mesh(lines, color="white", line_width=2, lighting=False)
    center = (0.5 * (box.left + box.right), 0.5 * (box.bottom + box.top))
    plane = mesh.bounds[5]
    plotter.camera_position = [(*center, plane + 1.0), (*center, plane), (0.0, 1.0, 0.0)]
    plotter.camera.parallel_projection = True
    plotter.camera.parallel_scale = 0.5 * box.height
    return _shoot(plotter)


def render_space(
    layers: Sequence[Layer], scale: ColorScale, camera: Camera, *, width: int = 700
) -> UInt8[np.ndarray, "height width 3"]:
    """Meshes in space seen from one side, all of them in the middle of the picture."""
    plotter = off_screen_plotter(width, round(width * camera.shape))
    for layer in layers:
        if layer.mesh.n_points:
            _add_layer(plotter, layer, scale)
    plotter.renderer.view_vector(camera.position, viewup=camera.up)
    plotter.camera.zoom(1.3)
    return _shoot(plotter)


def wall_mesh(wall: Wall) -> pv.PolyData:
    """The wall of a 3-D mesh as a surface with all points of the mesh."""
    triangles = np.hstack([np.full((wall.facets.shape[1], 1), 3), wall.facets.T])
    return pv.PolyData(wall.points, triangles.ravel())


def off_screen_plotter(width: int, height: int) -> pv.Plotter:
    """An empty white picture; ``RenderingError`` where nothing can be drawn without a display."""
    has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if sys.platform == "linux" and not has_display and pv.vtk_version_info < HEADLESS_VTK:
        raise RenderingError(
            f"VTK {'.'.join(map(str, pv.vtk_version_info))} needs a display to draw; install vtk "
            f"{HEADLESS_VTK[0]}.{HEADLESS_VTK[1]} or newer, or run under xvfb-run"
        )
    with vtk_messages():  # VTK tells that there is no display before it does without one
        plotter = pv.Plotter(off_screen=True, window_size=[width, height])
        plotter.background_color = pv.Color("white")
    return plotter


def _add_layer(plotter: pv.Plotter, layer: Layer, scale: ColorScale) -> None:
    if layer.values is None:
        plain = layer.mesh.copy(deep=False)
        plain.clear_data()
        plotter.add_mesh(plain, color=PLAIN, opacity=layer.opacity, show_scalar_bar=False)
    else:
        _add(plotter, layer.mesh, layer.values, scale, lighting=True, opacity=layer.opacity)


def _add(
    plotter: pv.Plotter,
    mesh: pv.DataSet,
    values: np.ndarray,
    scale: ColorScale,
    *,
    lighting: bool,
    opacity: float = 1.0,
) -> None:
    drawn = mesh.copy(deep=False)
    drawn.clear_data()
    drawn.point_data[VALUES] = values
    plotter.add_mesh(
        drawn,
        scalars=VALUES,
        cmap=scale.name,
        clim=(scale.low, scale.high),
        opacity=opacity,
        lighting=lighting,
        smooth_shading=lighting,
        ambient=0.4 if lighting else 0.0,  # shading must not turn the colours into others
        diffuse=0.6 if lighting else 1.0,
        show_scalar_bar=False,
    )


def _shoot(plotter: pv.Plotter) -> UInt8[np.ndarray, "height width 3"]:
    try:
        with vtk_messages():
            image = plotter.screenshot(return_img=True)
    except (RuntimeError, AttributeError) as error:
        raise RenderingError(f"VTK could not draw off screen: {error}") from error
    finally:
        plotter.close()
    if image is None:
        raise RenderingError("VTK could not draw off screen; run under xvfb-run or install OSMesa")
    return np.asarray(image)[..., :3]
