from pathlib import Path

import numpy as np
import pyvista as pv

from graphformers.physics import ReadOptions, read_case, read_cases


def write_car(folder: Path) -> Path:
    """A cube as the car, with a point no face uses, and cells of space on five of its sides."""
    folder.mkdir(parents=True)
    cube = pv.Cube(clean=True)
    points = np.vstack([[9.0, 9.0, 9.0], cube.points])
    faces = cube.regular_faces + 1
    cells = np.hstack([np.full((6, 1), 4), faces]).ravel()
    body = pv.UnstructuredGrid(cells, np.full(6, 9, np.uint8), points)
    body.point_data["pressure"] = np.arange(9, dtype=np.float32)
    body.save(folder / "quadpress_smpl.vtk")
    box = pv.ImageData(dimensions=(4, 4, 4), origin=(-1.5, -1.5, -1.5))
    centers = box.cell_centers().points
    outside = (np.abs(centers).max(axis=1) > 0.5) & (centers[:, 2] > -0.6)
    space = box.cast_to_unstructured_grid().extract_cells(outside)
    cells = np.hstack([np.full((space.n_cells, 1), 8), space.cell_connectivity.reshape(-1, 8)])
    space = pv.UnstructuredGrid(cells.ravel(), np.full(len(cells), 11, np.uint8), space.points)
    space = space.cast_to_unstructured_grid()
    space.point_data["velocity"] = np.ones((space.n_points, 3), dtype=np.float32)
    space.save(folder / "hexvelo_smpl.vtk")
    return folder


def test_the_volume_joins_the_car_and_the_space_around_it(tmp_path: Path) -> None:
    case = read_case(write_car(tmp_path / "param1" / "abc"))
    wall = case.boundaries["wall"]
    assert case.num_points == 48
    assert wall.sum() == 8
    assert (case.fields["p"][~wall] == 0).all()
    assert sorted(case.fields["p"][wall, 0]) == list(range(1, 9))
    assert case.split == "train"


def test_the_wall_is_closed_and_looks_into_the_flow(tmp_path: Path) -> None:
    case = read_case(write_car(tmp_path / "param1" / "abc"))
    assert case.wall.facets.shape == (3, 12)
    middle = case.points[case.wall.facets].mean(axis=0)
    assert ((case.wall.facet_normals * middle).sum(axis=1) > 0).all()


def test_points_of_the_car_alone_have_no_velocity(tmp_path: Path) -> None:
    folder = write_car(tmp_path / "param1" / "abc")
    body = pv.read(folder / "quadpress_smpl.vtk")
    body.points[1:5] *= 0.9  # four corners are now no points of the space around the car
    body.save(folder / "quadpress_smpl.vtk")
    case = read_case(folder)
    assert case.num_points == 52
    still = (case.fields["U"] == 0).all(axis=1)
    assert still.sum() == 4
    assert case.boundaries["wall"][still].all()


def test_the_surface_is_the_car_without_points_of_no_face(tmp_path: Path) -> None:
    case = read_case(write_car(tmp_path / "param1" / "abc"), ReadOptions(region="surface"))
    assert case.num_points == 8
    assert sorted(case.fields["p"][:, 0]) == list(range(1, 9))


def test_fold_0_is_the_test_set(tmp_path: Path) -> None:
    for fold, name in ((0, "abc"), (3, "def"), (3, "ghi")):
        write_car(tmp_path / f"param{fold}" / name)
    cases = read_cases(tmp_path, ReadOptions(region="surface"))
    assert {case.name: case.split for case in cases} == {
        "abc": "test",
        "def": "train",
        "ghi": "train",
    }
