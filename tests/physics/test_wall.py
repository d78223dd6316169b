from collections.abc import Callable

import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics import case_from_dataset

RingMesh = Callable[..., pv.UnstructuredGrid]
EXACT = 1e-12
RADIUS = 0.5


def test_wall_of_a_ring_is_its_inner_circle(ring_mesh: RingMesh) -> None:
    mesh = ring_mesh(around=24)
    case = case_from_dataset(mesh)
    assert np.array_equal(case.wall.point_ids, np.arange(24))
    assert case.wall.facets.shape == (2, 24)


def test_without_a_tag_the_wall_is_the_boundary_inside_the_outermost(ring_mesh: RingMesh) -> None:
    mesh = ring_mesh(around=24)
    del mesh.point_data["wall"]
    assert np.array_equal(case_from_dataset(mesh).wall.point_ids, np.arange(24))


def test_without_an_inner_boundary_the_wall_is_the_whole_boundary() -> None:
    case = case_from_dataset(pv.ImageData(dimensions=(4, 4, 1)))
    assert len(case.wall.point_ids) == 12


def test_an_edge_across_the_fluid_between_wall_points_is_no_wall(ring_mesh: RingMesh) -> None:
    mesh = ring_mesh(around=8, layers=1)
    mesh.point_data["wall"] = np.ones(mesh.n_points, dtype=np.uint8)
    assert case_from_dataset(mesh).wall.facets.shape[1] == 16


def test_normals_point_into_the_fluid_and_have_length_one(ring_mesh: RingMesh) -> None:
    case = case_from_dataset(ring_mesh())
    outward = case.points[case.wall.point_ids] / RADIUS
    assert np.abs(case.wall.normals - outward).max() < EXACT


@pytest.mark.parametrize("reverse", [False, True])
def test_normals_do_not_depend_on_how_cells_are_turned(ring_mesh: RingMesh, reverse: bool) -> None:
    mesh = ring_mesh()
    if reverse:
        mesh.points[:, 1] *= -1.0
    case = case_from_dataset(mesh)
    radial = (case.wall.normals * case.points[case.wall.point_ids]).sum(axis=1)
    assert (radial > 0).all()


def test_wall_features_are_the_distance_to_the_polygon(ring_mesh: RingMesh) -> None:
    around = 8
    case = case_from_dataset(ring_mesh(around=around))
    shifted = case_from_dataset(turned(ring_mesh(around=around), np.pi / around))
    columns = dict(zip(case.feature_names, case.features.T, strict=True))
    outer = case.points[:, 0].argmax()
    assert columns["wall"].sum() == around
    assert columns["wall_distance"][outer] == pytest.approx(1.5)
    assert columns["wall_direction_x"][outer] == pytest.approx(-1.0)
    assert columns["wall_log_distance"][outer] == pytest.approx(np.log10(1.5 + 1e-4))
    assert np.allclose(shifted.features[:, 1], case.features[:, 1])


def turned(mesh: pv.UnstructuredGrid, angle: float) -> pv.UnstructuredGrid:
    cosine, sine = np.cos(angle), np.sin(angle)
    x, y = mesh.points[:, 0].copy(), mesh.points[:, 1].copy()
    mesh.points[:, 0], mesh.points[:, 1] = cosine * x - sine * y, sine * x + cosine * y
    return mesh


def test_distance_is_measured_to_edges_and_not_only_to_points() -> None:
    points = np.array([[-1, 0, 0], [1, 0, 0], [1, 1, 0], [-1, 1, 0], [0, 0.1, 0]], dtype=float)
    cells = [3, 0, 1, 4, 3, 1, 2, 4, 3, 2, 3, 4, 3, 3, 0, 4]
    mesh = pv.UnstructuredGrid(cells, [pv.CellType.TRIANGLE] * 4, points)
    mesh.point_data["wall"] = np.array([1, 1, 0, 0, 0], dtype=np.uint8)
    features = case_from_dataset(mesh).features
    assert features[4, 1] == pytest.approx(0.1)
    assert features[4, 3:] == pytest.approx([0.0, -1.0])


def test_direction_at_the_wall_is_its_limit_from_the_fluid(ring_mesh: RingMesh) -> None:
    case = case_from_dataset(ring_mesh())
    assert np.abs(case.features[case.wall.point_ids, 3:] + case.wall.normals).max() < EXACT


def test_wall_of_a_volume_is_the_surface_of_the_hole() -> None:
    hole = pv.ImageData(dimensions=(6, 6, 6)).cast_to_unstructured_grid()
    middle = np.abs(hole.cell_centers().points - 2.5).max(axis=1) < 1
    mesh = hole.extract_cells(np.flatnonzero(~middle))
    case = case_from_dataset(mesh)
    assert case.space == 3
    assert case.wall.facets.shape == (3, 12)
    center = np.full(3, 2.5)
    assert (case.wall.normals * (case.points[case.wall.point_ids] - center) > 0).all()


def test_a_surface_mesh_is_all_wall_and_looks_outward() -> None:
    sphere = pv.Sphere()
    case = case_from_dataset(sphere)
    assert case.features[:, 0].all()
    assert ((case.wall.normals * case.points).sum(axis=1) > 0).all()


def test_a_mesh_whose_boundary_is_no_wall_says_so(ring_mesh):
    mesh = ring_mesh()
    mesh.point_data["wall"] = np.zeros(mesh.n_points, dtype=np.uint8)
    with pytest.raises(DataError, match="'mesh' has no wall: no face of its boundary"):
        _ = case_from_dataset(mesh).features
