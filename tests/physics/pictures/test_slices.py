import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import ConfigError, DataError
from graphformers.physics import case_from_dataset
from graphformers.physics.pictures import slice_picture
from graphformers.physics.pictures.slices import plane_place, plane_slice

SINGLE_PRECISION = 1e-6


def test_a_slice_keeps_linear_fields_and_the_two_axes_of_its_plane(room) -> None:
    case = case_from_dataset(room)
    position = np.asarray(room.points, np.float64)
    cut = plane_slice(case, {"where": position}, normal="y", position=0.25)
    where = cut.point_data["where"]
    np.testing.assert_allclose(where[:, [0, 2]], cut.points[:, :2], atol=SINGLE_PRECISION)
    np.testing.assert_allclose(where[:, 1], -0.25, atol=SINGLE_PRECISION)
    np.testing.assert_array_equal(cut.points[:, 2], 0)


def test_places_run_through_the_body(room) -> None:
    case = case_from_dataset(room)
    places = [plane_place(case, "z", position) for position in (0.0, 0.5, 1.0)]
    assert places == pytest.approx([-0.5, 0.0, 0.5], abs=SINGLE_PRECISION)
    with pytest.raises(ConfigError, match="from 0 to 1"):
        plane_place(case, "z", 1.5)


def test_a_slice_picture_shows_the_prediction(room, pixels) -> None:
    case = case_from_dataset(room)
    alone = pixels(slice_picture(case, "p"))
    compared = pixels(slice_picture(case, "p", 0.5 * case.fields["p"]))
    assert compared.shape[1] > 1.5 * alone.shape[1]


def test_a_surface_has_no_slice() -> None:
    ball = pv.Sphere()
    ball.point_data["p"] = ball.points[:, 0]
    with pytest.raises(DataError, match="not filled with cells"):
        slice_picture(case_from_dataset(ball), "p")
