from collections.abc import Callable

import numpy as np
import pytest
import pyvista as pv

from graphformers.physics import case_from_dataset
from graphformers.physics.pictures import RenderingError, comparison_picture, field_picture
from graphformers.physics.pictures.framing import body_box, close_up_box

RingMesh = Callable[..., pv.UnstructuredGrid]
Pixels = Callable[[bytes], np.ndarray]


def test_comparison_shows_the_prediction(pixels: Pixels) -> None:
    ball = pv.Sphere()
    ball.point_data["p"] = ball.points[:, 0]
    case = case_from_dataset(ball)
    right = pixels(comparison_picture(case, case.fields["p"], "p"))
    wrong = pixels(comparison_picture(case, case.fields["p"] + case.points[:, 1:2], "p"))
    third = right.shape[1] // 3
    assert np.array_equal(right[:, :third], wrong[:, :third])
    assert not np.array_equal(right[:, third:], wrong[:, third:])


def test_comparison_of_a_vector_has_a_close_up(ring_mesh: RingMesh, pixels: Pixels) -> None:
    case = case_from_dataset(ring_mesh())
    picture = pixels(comparison_picture(case, 0.9 * case.fields["U"], "U"))
    assert picture.shape[0] > picture.shape[1] / 2


def test_a_constant_field_can_be_drawn(ring_mesh: RingMesh, pixels: Pixels) -> None:
    mesh = ring_mesh()
    mesh.point_data["p"] = np.ones(mesh.n_points)
    case = case_from_dataset(mesh)
    assert pixels(comparison_picture(case, case.fields["p"], "p")).std() > 0


def test_the_box_of_a_body_holds_it(ring_mesh: RingMesh) -> None:
    case = case_from_dataset(ring_mesh(radius=0.5))
    box = body_box(case)
    assert box.holds(case.points[case.wall.point_ids]).all()
    assert box.width < 2.0


def test_a_close_up_has_the_shape_of_the_whole(ring_mesh: RingMesh) -> None:
    case = case_from_dataset(ring_mesh())
    near = close_up_box(case, case.points[3])
    assert near.shape == pytest.approx(body_box(case).shape)
    assert near.holds(case.points[3:4]).all()


def test_a_vtk_that_needs_a_display_says_so(
    ring_mesh: RingMesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pv, "vtk_version_info", (9, 3, 1))
    monkeypatch.setattr("sys.platform", "linux")
    case = case_from_dataset(ring_mesh())
    with pytest.raises(RenderingError, match="run under xvfb-run"):
        field_picture(case, "p")
