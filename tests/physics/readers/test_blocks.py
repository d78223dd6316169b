from pathlib import Path

import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics import ReadOptions, read_case


def box(start: float, stop: float) -> pv.UnstructuredGrid:
    """A row of two unit cubes with the x coordinate as pressure."""
    x, one = np.linspace(start, stop, 3), np.array([0.0, 1.0])
    grid = pv.RectilinearGrid(x, one, one).cast_to_unstructured_grid()
    grid.point_data["p"] = grid.points[:, 0].copy()
    return grid


def floor(start: float, stop: float) -> pv.PolyData:
    points = np.array([[start, 0, 0], [stop, 0, 0], [stop, 0, 1], [start, 0, 1]], dtype=float)
    return pv.PolyData(points, [4, 0, 1, 2, 3])


def save(path: Path, **blocks: pv.DataSet) -> Path:
    pv.MultiBlock(dict(blocks)).save(path)
    return path


def test_blocks_of_the_volume_are_joined_at_their_common_points(tmp_path: Path) -> None:
    case = read_case(save(tmp_path / "two.vtm", left=box(0, 2), right=box(2, 4)))
    assert case.num_points == 20
    assert case.dataset.n_cells == 4
    assert np.array_equal(case.fields["p"][:, 0], case.points[:, 0])
    assert not case.boundaries


def test_blocks_of_the_boundary_become_tags(tmp_path: Path) -> None:
    path = save(tmp_path / "two.vtm", fluid=box(0, 2), ground_wall=floor(0, 2), start=floor(0, 1))
    case = read_case(path)
    assert {name: int(tag.sum()) for name, tag in case.boundaries.items()} == {
        "ground_wall": 4,
        "start": 4,
        "wall": 4,
    }
    assert (case.points[case.boundaries["wall"], 1] == 0).all()


def test_walls_are_named_by_the_user(tmp_path: Path) -> None:
    path = save(tmp_path / "two.vtm", fluid=box(0, 2), ground=floor(0, 2))
    case = read_case(path, ReadOptions(walls=("ground",)))
    assert np.array_equal(case.boundaries["wall"], case.boundaries["ground"])
    with pytest.raises(DataError, match=r"expected a boundary 'grond' for the wall; .*'ground'"):
        read_case(path, ReadOptions(walls=("grond",)))


def test_surfaces_of_several_regions_are_one_with_a_tag_for_each(tmp_path: Path) -> None:
    halves = [
        pv.Sphere(start_theta=start, end_theta=start + 180, theta_resolution=8, phi_resolution=8)
        for start in (0, 180)
    ]
    case = read_case(save(tmp_path / "ball.vtm", left=halves[0], right=halves[1]))
    assert case.num_points < sum(half.n_points for half in halves)
    assert set(case.boundaries) == {"left", "right"}
    both = case.boundaries["left"] & case.boundaries["right"]
    assert both.any()
    assert np.abs(case.points[both, 1]).max() < 1e-6


def test_blocks_of_one_name_are_told_apart(tmp_path: Path) -> None:
    parts = pv.MultiBlock({"wall": floor(0, 1)})
    blocks = pv.MultiBlock({"fluid": box(0, 2), "wall": floor(1, 2), "old": parts})
    blocks.save(tmp_path / "two.vtm")
    assert {"wall", "old.wall"} <= set(read_case(tmp_path / "two.vtm").boundaries)


def test_a_boundary_off_the_mesh_is_an_error(tmp_path: Path) -> None:
    path = save(tmp_path / "two.vtm", fluid=box(0, 2), ground=floor(0, 2.5))
    with pytest.raises(DataError, match=r"boundary 'ground' must lie on points of the mesh; 2 of"):
        read_case(path)


def test_blocks_without_cells_are_an_error(tmp_path: Path) -> None:
    path = save(tmp_path / "none.vtm", one=pv.UnstructuredGrid())
    with pytest.raises(DataError, match="expected blocks with cells; all of 1 are empty"):
        read_case(path)


def test_a_field_of_one_block_only_is_no_field(tmp_path: Path) -> None:
    right = box(2, 4)
    right.point_data["T"] = right.points[:, 0].copy()
    path = save(tmp_path / "two.vtm", left=box(0, 2), right=right)
    assert list(read_case(path).fields) == ["p"]
