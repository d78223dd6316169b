import numpy as np
import pytest
import pyvista as pv
from pyvista.examples import cells as cell_examples

from graphformers.errors import DataError
from graphformers.physics.edges import cell_edges, mesh_edges


def pairs(edges: np.ndarray) -> set[tuple[int, int]]:
    return set(map(tuple, edges.T.tolist()))


@pytest.mark.parametrize(
    ("name", "num_edges"),
    [
        ("Vertex", 0),
        ("PolyVertex", 0),
        ("Line", 1),
        ("PolyLine", 3),
        ("Triangle", 3),
        ("TriangleStrip", 13),
        ("Polygon", 6),
        ("Pixel", 4),
        ("Quadrilateral", 4),
        ("Tetrahedron", 6),
        ("Voxel", 12),
        ("Hexahedron", 12),
        ("Wedge", 9),
        ("Pyramid", 8),
        ("PentagonalPrism", 15),
        ("HexagonalPrism", 18),
        ("Polyhedron", 6),
    ],
)
def test_linear_cells_have_their_edges(name: str, num_edges: int) -> None:
    assert mesh_edges(getattr(cell_examples, name)()).shape == (2, num_edges)


@pytest.mark.parametrize(
    ("name", "num_edges"),
    [
        ("QuadraticEdge", 2),
        ("QuadraticTriangle", 6),
        ("QuadraticQuadrilateral", 8),
        ("QuadraticTetrahedron", 12),
        ("QuadraticHexahedron", 24),
        ("BiQuadraticQuadrilateral", 8 + 4),
        ("TriQuadraticHexahedron", 24 + 7 * 8),
        ("LagrangeQuadrilateral", 12 + 4 * 4),
    ],
)
def test_higher_order_edges_are_chains_and_inner_points_join_the_corners(
    name: str, num_edges: int
) -> None:
    cell = getattr(cell_examples, name)()
    edges = mesh_edges(cell)
    assert edges.shape == (2, num_edges)
    assert set(edges.ravel().tolist()) == set(range(cell.n_points))


def test_a_pixel_is_not_a_quadrilateral() -> None:
    assert pairs(mesh_edges(pv.ImageData(dimensions=(2, 2, 1)))) == {(1, 0), (2, 0), (3, 1), (3, 2)}


def test_edges_are_unique_ordered_and_sorted() -> None:
    edges = mesh_edges(pv.Sphere(theta_resolution=9, phi_resolution=7))
    assert (edges[0] > edges[1]).all()
    keys = edges[0].astype(np.int64) * 1000 + edges[1]
    assert (np.diff(keys) > 0).all()


def test_closed_surfaces_satisfy_euler() -> None:
    sphere = pv.Sphere(theta_resolution=12, phi_resolution=10)
    assert sphere.n_points - mesh_edges(sphere).shape[1] + sphere.n_cells == 2


def test_volume_grid_has_the_edges_of_its_lattice() -> None:
    nx, ny, nz = 4, 3, 5
    expected = (nx - 1) * ny * nz + nx * (ny - 1) * nz + nx * ny * (nz - 1)
    assert mesh_edges(pv.ImageData(dimensions=(nx, ny, nz))).shape[1] == expected


def test_mixed_cells_share_their_common_edges() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0.5, 0]], dtype=float)
    kinds = [pv.CellType.QUAD, pv.CellType.TRIANGLE]
    mesh = pv.UnstructuredGrid([4, 0, 1, 2, 3, 3, 1, 4, 2], kinds, points)
    assert pairs(mesh_edges(mesh)) == {(1, 0), (2, 1), (3, 2), (3, 0), (4, 1), (4, 2)}
    edges = cell_edges(mesh)
    shared = edges.occurrences(mesh.n_points) == 2
    assert {frozenset(pair) for pair in edges.points[:, shared].T.tolist()} == {frozenset({1, 2})}


def test_two_polyhedra_share_a_face_once() -> None:
    points = np.array(
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], dtype=float
    )  # two tetrahedra on the triangle 1, 2, 3
    first = [4, 3, 0, 1, 2, 3, 0, 1, 3, 3, 0, 2, 3, 3, 1, 2, 3]
    second = [4, 3, 4, 1, 2, 3, 4, 1, 3, 3, 4, 2, 3, 3, 1, 2, 3]
    cells = [len(first), *first, len(second), *second]
    mesh = pv.UnstructuredGrid(cells, [pv.CellType.POLYHEDRON] * 2, points)
    assert mesh_edges(mesh).shape == (2, 9)


def test_a_degenerate_cell_has_no_edge_of_one_point() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0]], dtype=float)
    mesh = pv.UnstructuredGrid([4, 0, 1, 2, 2], [pv.CellType.QUAD], points)
    assert pairs(mesh_edges(mesh)) == {(1, 0), (2, 1), (2, 0)}


def test_a_cell_without_points_is_an_error() -> None:
    points = np.zeros((3, 3))
    kinds = [pv.CellType.TRIANGLE, pv.CellType.POLYGON]
    mesh = pv.UnstructuredGrid([3, 0, 1, 2, 0], kinds, points)
    with pytest.raises(DataError, match="1 cells have none, the first is cell 1"):
        mesh_edges(mesh)


def test_a_cell_of_points_that_do_not_exist_is_an_error() -> None:
    mesh = pv.UnstructuredGrid([3, 0, 1, 7], [pv.CellType.TRIANGLE], np.zeros((3, 3)))
    with pytest.raises(DataError, match="must use points 0 to 2"):
        mesh_edges(mesh)
