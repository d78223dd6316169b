import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics import ReadOptions, case_from_dataset
from graphformers.physics.mesh_series import AIRFOIL, INFLOW, NORMAL, OUTFLOW, WALL_BOUNDARY
from graphformers.physics.readers.tags import boundary_tags, node_types_of


def row_with(**arrays: list) -> pv.UnstructuredGrid:
    """A row of four points in three cells that are lines, with 8-bit tags or other arrays."""
    points = np.stack([np.arange(4.0), np.zeros(4), np.zeros(4)], axis=1)
    mesh = pv.UnstructuredGrid([2, 0, 1, 2, 1, 2, 2, 2, 3], [3, 3, 3], points)
    for name, values in arrays.items():
        is_tag = set(values) <= {0, 1}
        mesh.point_data[name] = np.asarray(values, dtype=np.uint8 if is_tag else np.float64)
    return mesh


def test_tags_with_wall_in_their_name_are_the_wall() -> None:
    mesh = row_with(upperWall=[1, 0, 0, 0], wall_2=[0, 1, 0, 0], inlet=[0, 0, 1, 0])
    assert boundary_tags(mesh, None, "row")["wall"].tolist() == [True, True, False, False]


def test_a_tag_called_wall_is_the_wall_alone() -> None:
    mesh = row_with(upperWall=[1, 0, 0, 0], wall=[0, 1, 0, 0])
    assert boundary_tags(mesh, None, "row")["wall"].tolist() == [False, True, False, False]


def test_walls_named_by_the_user_beat_those_of_the_file() -> None:
    mesh = row_with(car=[1, 1, 0, 0], wall=[0, 0, 1, 0])
    assert boundary_tags(mesh, ("car",), "row")["wall"].tolist() == [True, True, False, False]
    with pytest.raises(DataError, match="row: expected a boundary 'bus' for the wall; there is"):
        boundary_tags(mesh, ("bus",), "row")


def test_node_types_are_tags_and_no_field() -> None:
    mesh = row_with(node_type=[4, 0, 5, 6], p=[0.5, 0.5, 0.5, 0.5])
    tags = boundary_tags(mesh, None, "row")
    assert set(tags) == {"inflow", "outflow", "wall_boundary", "wall"}
    assert tags["wall"].tolist() == [False, False, False, True]
    assert list(case_from_dataset(mesh, ReadOptions()).fields) == ["p"]


def test_walls_around_a_body_are_not_the_body() -> None:
    mesh = row_with(node_type=[2, 0, 6, 6])
    assert boundary_tags(mesh, None, "row")["wall"].tolist() == [True, False, False, False]


def test_node_types_that_do_not_exist_are_an_error() -> None:
    with pytest.raises(DataError, match="row: node types must be 0 to 8; they are 0 to 11"):
        boundary_tags(row_with(node_type=[0, 0, 11, 6]), None, "row")


def test_the_more_particular_of_two_tags_says_what_a_point_is() -> None:
    tags = {
        "Inlet": np.array([1, 1, 0, 0, 0], dtype=bool),
        "outlet": np.array([0, 0, 1, 0, 0], dtype=bool),
        "wall": np.array([0, 1, 0, 1, 0], dtype=bool),
        "airfoil_wall": np.array([0, 0, 0, 1, 0], dtype=bool),
    }
    types = node_types_of(tags, np.array([1, 3]), 5)
    assert types.tolist() == [INFLOW, WALL_BOUNDARY, OUTFLOW, AIRFOIL, NORMAL]
