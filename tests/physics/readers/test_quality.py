import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv

from graphformers.physics import ReadOptions, case_from_dataset, read_case
from graphformers.physics.readers.quality import (
    DegenerateCellWarning,
    InvertedCellWarning,
    LengthUnitWarning,
    OpenSurfaceWarning,
    warn_of_bad_cells,
    warn_of_other_unit,
)

RingMesh = Callable[..., pv.UnstructuredGrid]
SOLID_KINDS = [pv.CellType.TETRA, pv.CellType.HEXAHEDRON, pv.CellType.WEDGE, pv.CellType.PYRAMID]


def row_of(kind: pv.CellType) -> pv.UnstructuredGrid:
    """Three cells of one kind side by side."""
    cells = {
        pv.CellType.TETRA: pv.examples.cells.Tetrahedron,
        pv.CellType.HEXAHEDRON: pv.examples.cells.Hexahedron,
        pv.CellType.WEDGE: pv.examples.cells.Wedge,
        pv.CellType.PYRAMID: pv.examples.cells.Pyramid,
    }
    return pv.merge([cells[kind]().translate((3.0 * k, 0, 0)) for k in range(3)])


@pytest.mark.parametrize("kind", SOLID_KINDS)
def test_good_solid_cells_are_passed_over_in_silence(kind: pv.CellType) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_bad_cells(row_of(kind), "row")


@pytest.mark.parametrize("kind", SOLID_KINDS)
def test_an_inverted_solid_cell_is_named(kind: pv.CellType) -> None:
    mesh = row_of(kind)
    mesh.points[mesh.get_cell(1).point_ids, 2] *= -1
    with pytest.warns(InvertedCellWarning, match=r"row: 1 of 3 cells are inverted.*is cell 1"):
        warn_of_bad_cells(mesh, "row")


def test_a_mesh_that_is_turned_as_a_whole_is_no_defect(ring_mesh: RingMesh) -> None:
    mesh = ring_mesh()
    mesh.points[:, 0] *= -1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        case_from_dataset(mesh)


def test_an_inverted_cell_of_a_plane_mesh_is_named_with_its_file(
    ring_mesh: RingMesh, tmp_path: Path
) -> None:
    mesh = ring_mesh()
    corners = mesh.cell_connectivity.reshape(-1, 4).copy()
    corners[7] = corners[7, ::-1]
    cells = np.hstack([np.full((len(corners), 1), 4), corners]).ravel()
    pv.UnstructuredGrid(cells, mesh.celltypes, mesh.points).save(tmp_path / "turned.vtu")
    with pytest.warns(InvertedCellWarning, match=r"turned\.vtu: 1 of 96 cells.*is cell 7"):
        read_case(tmp_path / "turned.vtu")


@pytest.mark.parametrize("collapsed", [[0, 0, 1], [0, 1, 2]])
def test_a_degenerate_cell_is_named(collapsed: list[int]) -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0]], dtype=float)
    mesh = pv.UnstructuredGrid([3, 0, 1, 3, 3, *collapsed], [5, 5], points)
    with pytest.warns(DegenerateCellWarning, match=r"1 of 2 cells have no area.*is cell 1"):
        case_from_dataset(mesh)


def test_faces_in_space_have_no_right_way_round() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1]], dtype=float)
    mesh = pv.PolyData(points, [3, 0, 1, 2, 3, 1, 2, 3])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_bad_cells(mesh, "roof")


def test_an_open_stl_is_named_with_an_edge(tmp_path: Path) -> None:
    pv.Sphere(end_theta=180, theta_resolution=8, phi_resolution=8).save(tmp_path / "half.stl")
    with pytest.warns(OpenSurfaceWarning, match=r"half\.stl: the surface is not closed: 1\d edges"):
        read_case(tmp_path / "half.stl")


def test_a_closed_stl_is_read_in_silence(tmp_path: Path) -> None:
    pv.Sphere(theta_resolution=8, phi_resolution=8).save(tmp_path / "ball.stl")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_case(tmp_path / "ball.stl")


def test_a_geometry_in_millimetres_is_noticed_and_scaled(tmp_path: Path) -> None:
    ball = pv.Sphere(radius=0.5)
    ball.scale(1000).save(tmp_path / "ball.stl")
    known = case_from_dataset(ball).wall.extent
    geometry = read_case(tmp_path / "ball.stl")
    with pytest.warns(LengthUnitWarning, match=r"ball.stl is 1e\+03 long.* up to 1:.*scale=1e-03"):
        warn_of_other_unit(geometry.wall.extent, known, "ball.stl")
    scaled = read_case(tmp_path / "ball.stl", ReadOptions(scale=0.001))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_other_unit(scaled.wall.extent, known, "ball.stl")
