"""The picture of a session: one window that stays, off screen, whose colours change."""

from typing import cast

import numpy as np
import pyvista as pv
from jaxtyping import Float, UInt8
from vtkmodules.vtkRenderingCore import vtkRenderWindow

from graphformers.physics.app.session import SHOWN
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.mesh_file import vtk_messages
from graphformers.physics.pictures.color_scale import ColorScale
from graphformers.physics.pictures.framing import Camera, body_box
from graphformers.physics.pictures.rendering import off_screen_plotter, wall_mesh
from graphformers.physics.surface import POINT_ID, outer_surface

VALUES = "values"
BAR = {
    "vertical": False,
    "position_x": 0.25,
    "position_y": 0.02,
    "width": 0.5,
    "height": 0.09,
    "title_font_size": 15,
    "label_font_size": 13,
    "fmt": "%.3g",
    "n_labels": 4,  # none of them below the title
}
CUT_WIDTH = 3  # pixels
ANY_SCALE = ColorScale(name="gray", low=0.0, high=1.0)


class Scene:
    """A mesh coloured by values, with a cut through it where one is asked for.

    A plane mesh is seen straight on. In space the body is seen, and of a volume also the cut.
    """

    def __init__(self, *, width: int = 900, height: int = 600):
        self.plotter = off_screen_plotter(width, height)
        self._surface = pv.PolyData()
        self._point_ids = np.zeros(0, dtype=np.int64)
        self._in_space = False

    @property
    def window(self) -> vtkRenderWindow:
        """Where the picture is drawn."""
        return cast(vtkRenderWindow, self.plotter.render_window)

    def open(self, case: MeshCase) -> None:
        """Show another mesh, which ``color`` gives its values."""
        self._in_space = case.space == 3
        if self._in_space:
            self._surface = wall_mesh(case.wall)
            self._point_ids = np.arange(case.num_points)
        else:
            self._surface = outer_surface(case.dataset)
            self._point_ids = np.asarray(self._surface.point_data[POINT_ID])
        self._surface.clear_data()
        self.plotter.clear()
        self._add(self._surface, np.zeros(self._surface.n_points), "mesh", ANY_SCALE)
        self._look_at(case)

    def color(self, values: Float[np.ndarray, " points"], scale: ColorScale, label: str) -> None:
        """Values at the points of the mesh, their colours and what they are."""
        actor = self._add(self._surface, values[self._point_ids], "mesh", scale)
        for title in [*self.plotter.scalar_bars.keys()]:
            self.plotter.remove_scalar_bar(title, render=False)
        self.plotter.add_scalar_bar(title=label, mapper=actor.mapper, render=False, **BAR)

    def cut(self, cut: pv.PolyData | None, scale: ColorScale) -> None:
        """Show a cut with its one array, or none; through a plane mesh it is a dark line."""
        self.plotter.renderer.remove_actor("cut", render=False)
        if cut is None or not cut.n_points:
            return
        if self._in_space:
            self._add(cut, np.asarray(cut.point_data[SHOWN]), "cut", scale)
        else:
            self.plotter.add_mesh(
                cut,
                name="cut",
                color="black",
                line_width=CUT_WIDTH,
                show_scalar_bar=False,
                reset_camera=False,
                render=False,
            )

    def pixels(self) -> UInt8[np.ndarray, "height width 3"]:
        """What is seen now."""
        with vtk_messages():
            self.plotter.render()  # a screenshot alone gives the picture of the last time
            image = self.plotter.screenshot(return_img=True)
        return np.asarray(image)[..., :3]

    def close(self) -> None:
        """Give the window back."""
        self.plotter.close()

    def _add(self, mesh: pv.PolyData, values: np.ndarray, name: str, scale: ColorScale) -> pv.Actor:
        mesh.point_data[VALUES] = values
        return self.plotter.add_mesh(
            mesh,
            name=name,
            scalars=VALUES,
            cmap=scale.name,
            clim=(scale.low, scale.high),
            lighting=self._in_space,
            smooth_shading=False,
            show_scalar_bar=False,
            reset_camera=False,
            render=False,
        )

    def _look_at(self, case: MeshCase) -> None:
        if self._in_space:
            self.plotter.enable_trackball_style()  # pyright: ignore[reportCallIssue]
            above = Camera.named("above")
            self.plotter.camera.parallel_projection = False
            self.plotter.renderer.view_vector(above.position, viewup=above.up)
            return
        # the mouse moves and zooms, and turns nothing
        self.plotter.enable_2d_style()  # pyright: ignore[reportCallIssue]
        box = body_box(case)
        x, y = 0.5 * (box.left + box.right), 0.5 * (box.bottom + box.top)
        plane = self._surface.bounds[5]
        self.plotter.camera_position = [(x, y, plane + 1.0), (x, y, plane), (0.0, 1.0, 0.0)]
        self.plotter.camera.parallel_projection = True
        width, height = self.plotter.window_size
        self.plotter.camera.parallel_scale = 0.5 * max(box.height, box.width * height / width)
