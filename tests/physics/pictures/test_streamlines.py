from collections.abc import Callable

import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics import case_from_dataset
from graphformers.physics.pictures import streamline_picture
from graphformers.physics.pictures.streamlines import plane_streamlines, space_streamlines

RingMesh = Callable[..., pv.UnstructuredGrid]
STRAIGHT = 1e-4


def test_streamlines_follow_the_velocity(ring_mesh: RingMesh) -> None:
    mesh = ring_mesh()
    mesh.point_data["U"] = np.tile([1.0, 0.0, 0.0], (mesh.n_points, 1))
    lines = plane_streamlines(case_from_dataset(mesh), "U")
    assert lines.n_lines > 0
    for number in range(lines.n_cells):
        assert np.ptp(lines.get_cell(number).points[:, 1]) < STRAIGHT


def test_streamlines_in_space_start_in_front_of_the_body(room: pv.UnstructuredGrid) -> None:
    case = case_from_dataset(room)
    lines = space_streamlines(case, "U")
    assert lines.n_lines > 0
    reach = np.array([lines.get_cell(number).points for number in range(1)])[0]
    assert reach[:, 0].min() < -0.5
    assert np.ptp(reach[:, 1:], axis=0).max() < STRAIGHT


def test_a_picture_of_streamlines_shows_body_and_speed(room: pv.UnstructuredGrid, pixels) -> None:
    slow = pixels(streamline_picture(case_from_dataset(room), "U"))
    room.point_data["U"][:, 0] *= np.linspace(0.5, 2, room.n_points)
    fast = pixels(streamline_picture(case_from_dataset(room), "U"))
    assert slow.shape != fast.shape or not np.array_equal(slow, fast)


def test_streamlines_need_a_vector_in_a_volume(room: pv.UnstructuredGrid) -> None:
    with pytest.raises(DataError, match="vector of 3 components; 'p' has 1"):
        space_streamlines(case_from_dataset(room), "p")
    ball = pv.Sphere()
    ball.point_data["U"] = ball.points
    with pytest.raises(DataError, match="not filled with cells"):
        space_streamlines(case_from_dataset(ball), "U")
