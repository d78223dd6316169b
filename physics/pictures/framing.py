"""What a picture shows: a box of the plane, or a body in space from some side."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from graphformers.errors import check_known
from graphformers.physics.mesh_case import MeshCase

BODY_MARGIN = 0.25  # of the wall's extent, around the whole body
CLOSE_UP = 0.2  # of the wall's extent: the width of the close-up


@dataclass(frozen=True, kw_only=True)
class Box:
    """Part of the plane a picture shows."""

    left: float
    right: float
    bottom: float
    top: float

    @property
    def width(self) -> float:
        """Extent in x."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Extent in y."""
        return self.top - self.bottom

    @property
    def shape(self) -> float:
        """Height over width."""
        return self.height / self.width

    def holds(self, points: Float[np.ndarray, "points space"]) -> np.ndarray:
        """Which of these points lie inside."""
        x, y = points[:, 0], points[:, 1]
        inside_x = (x >= self.left) & (x <= self.right)
        return inside_x & (y >= self.bottom) & (y <= self.top)


@dataclass(frozen=True, kw_only=True)
class Camera:
    """The side a body in space is looked at from; the flow comes along x, and z points up."""

    name: str
    position: tuple[float, float, float]  # seen from the body
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    shape: float = 0.75  # height over width of the picture

    @staticmethod
    def named(name: str) -> "Camera":
        """Camera by name: one of ``CAMERAS``."""
        check_known(name, CAMERAS, "no view from")
        return CAMERAS[name]


CAMERAS = {
    camera.name: camera
    for camera in (
        Camera(name="above", position=(1.0, 1.0, 1.0)),
        Camera(name="front", position=(-1.0, 0.0, 0.0)),
        Camera(name="back", position=(1.0, 0.0, 0.0)),
        Camera(name="left", position=(0.0, -1.0, 0.0)),
        Camera(name="right", position=(0.0, 1.0, 0.0)),
        Camera(name="top", position=(0.0, 0.0, 1.0), up=(0.0, 1.0, 0.0)),
        Camera(name="bottom", position=(0.0, 0.0, -1.0), up=(0.0, 1.0, 0.0)),
    )
}


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
    half_width = 0.5 * CLOSE_UP * case.wall.extent
    half_height = half_width * body_box(case).shape
    x, y = center[:2]
    return Box(
        left=x - half_width, right=x + half_width, bottom=y - half_height, top=y + half_height
    )
