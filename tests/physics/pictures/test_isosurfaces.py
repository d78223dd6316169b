import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics import case_from_dataset
from graphformers.physics.pictures import isosurface_picture
from graphformers.physics.pictures.isosurfaces import default_levels, isosurfaces

SINGLE_PRECISION = 1e-6


def test_an_isosurface_lies_where_the_field_has_its_value(room) -> None:
    case = case_from_dataset(room)
    found = isosurfaces(case, case.points[:, 0], [-1.2, 1.1])
    places = np.unique(np.round(found.points[:, 0], 5))
    np.testing.assert_allclose(places, [-1.2, 1.1], atol=SINGLE_PRECISION)


def test_levels_part_the_points_evenly(room) -> None:
    case = case_from_dataset(room)
    values = case.points[:, 0] + 1e-3 * case.points[:, 1]
    low, middle, high = default_levels(case, values)
    assert np.mean(values < low) == pytest.approx(0.1, abs=0.01)
    assert np.mean(values < middle) == pytest.approx(0.5, abs=0.01)
    assert np.mean(values < high) == pytest.approx(0.9, abs=0.01)


def test_a_value_the_field_never_has_is_refused(room) -> None:
    case = case_from_dataset(room)
    with pytest.raises(DataError, match="never is 7; it lies between -2 and 2"):
        isosurface_picture(case, "p", [7.0])


@pytest.mark.parametrize("space", [2, 3])
def test_levels_are_seen_in_the_picture(space, room, ring_mesh, pixels) -> None:
    case = case_from_dataset(room if space == 3 else ring_mesh())
    low, high = case.fields["p"].min(), case.fields["p"].max()
    one = pixels(isosurface_picture(case, "p", [0.5 * (low + high)]))
    other = pixels(isosurface_picture(case, "p", [0.3 * low + 0.7 * high]))
    assert one.shape != other.shape or not np.array_equal(one, other)


def test_a_surface_has_no_isosurfaces() -> None:
    case = case_from_dataset(pv.Sphere())
    with pytest.raises(DataError, match="not filled with cells"):
        isosurfaces(case, case.points[:, 0], [0.0])
