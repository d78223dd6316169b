import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import ConfigError, DataError
from graphformers.physics import case_from_dataset
from graphformers.physics.pictures import surface_comparison, surface_picture

ROW = 400  # pixels, a little less than a row is high


@pytest.fixture
def ball():
    mesh = pv.Sphere()
    mesh.point_data["p"] = mesh.points[:, 0]
    return case_from_dataset(mesh)


def test_every_view_is_a_row(ball, pixels) -> None:
    two = pixels(surface_picture(ball, "p", views=("front", "back")))
    three = pixels(surface_picture(ball, "p", views=("front", "back", "top")))
    assert three.shape[1] == two.shape[1]
    assert three.shape[0] > two.shape[0] + ROW


def test_a_comparison_shows_prediction_and_error(ball, pixels) -> None:
    right = pixels(surface_comparison(ball, ball.fields["p"], "p", views=("front",)))
    wrong = pixels(surface_comparison(ball, -ball.fields["p"], "p", views=("front",)))
    third = right.shape[1] // 3
    assert np.array_equal(right[:, :third], wrong[:, :third])
    assert not np.array_equal(right[:, third:], wrong[:, third:])


def test_a_plane_case_has_no_surface(ring_mesh) -> None:
    with pytest.raises(DataError, match="no wall in space"):
        surface_picture(case_from_dataset(ring_mesh()), "p")


def test_an_unknown_view_is_named(ball) -> None:
    with pytest.raises(ConfigError, match="no view from 'leftt'; did you mean 'left'"):
        surface_picture(ball, "p", views=("leftt",))
