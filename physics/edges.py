"""Edges of a mesh, whatever its cells are."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pyvista as pv
from jaxtyping import Int
from vtkmodules.vtkCommonDataModel import vtkGenericCell

from graphformers.errors import DataError

KINDS = 256  # VTK numbers the kinds of cells in one byte
POLYHEDRON = int(pv.CellType.POLYHEDRON)
TRIANGLE_STRIP = int(pv.CellType.TRIANGLE_STRIP)
POLY_LINE = int(pv.CellType.POLY_LINE)


@dataclass(frozen=True, eq=False, kw_only=True)
class CellEdges:
    """Every edge of every cell: an edge shared by two cells stands here twice."""

    points: Int[np.ndarray, "2 cell_edges"]  # both ends, in the order the cell runs through them
    cell: Int[np.ndarray, " cell_edges"]  # the cell it belongs to; -1 for faces of polyhedra

    def unique(self, num_points: int) -> Int[np.ndarray, "2 edges"]:
        """Each undirected edge once, larger point number first, in lexicographic order."""
        keys = np.unique(self._keys(num_points))
        edges = np.stack([keys // num_points, keys % num_points])
        return edges[:, edges[0] != edges[1]]  # a degenerate cell has an edge of one point

    def occurrences(self, num_points: int) -> Int[np.ndarray, " cell_edges"]:
        """How often each of these edges occurs; one means it lies on the boundary of a surface."""
        _, number, count = np.unique(
            self._keys(num_points), return_inverse=True, return_counts=True
        )
        return count[number]

    def _keys(self, num_points: int) -> Int[np.ndarray, " cell_edges"]:
        return self.points.max(axis=0) * num_points + self.points.min(axis=0)


def mesh_edges(dataset: pv.DataSet) -> Int[np.ndarray, "2 edges"]:
    """Unique undirected edges of a data set, larger point number first.

    Quadratic and higher-order edges are chains through their inner points. Points inside a face or
    a cell, which lie on no edge of it, are joined to its corners.
    """
    return cell_edges(dataset).unique(dataset.n_points)


def cell_edges(dataset: pv.DataSet) -> CellEdges:
    """Edges of every cell, all cells of one kind at a time.

    Raises ``DataError`` for cells without points or with points that do not exist.
    """
    is_grid = isinstance(dataset, pv.UnstructuredGrid)
    grid = dataset if is_grid else dataset.cast_to_unstructured_grid()
    connectivity, starts = cell_corners(grid)
    _check_cells(np.diff(starts), connectivity, grid.n_points)
    ends, owners = [np.zeros((2, 0), np.int64)], [np.zeros(0, np.int64)]
    for kind, size, cells in cells_by_kind(grid):
        if kind == POLYHEDRON:
            continue
        table = _edge_table(kind, size)
        corners = connectivity[starts[cells][:, None] + np.arange(size)]
        ends.append(np.moveaxis(corners[:, table], 2, 0).reshape(2, -1))
        owners.append(np.repeat(cells, len(table)))
    if (np.asarray(grid.celltypes) == POLYHEDRON).any():
        faces = _polyhedron_edges(grid)
        ends.append(faces)
        owners.append(np.full(faces.shape[1], -1))
    return CellEdges(points=np.concatenate(ends, axis=1), cell=np.concatenate(owners))


def cell_corners(
    grid: pv.UnstructuredGrid,
) -> tuple[Int[np.ndarray, " corners"], Int[np.ndarray, " cells_plus_1"]]:
    """Points of all cells one after the other, and where those of each cell start."""
    if grid.n_cells == 0:
        return np.zeros(0, np.int64), np.zeros(1, np.int64)
    cells = grid.GetCells()
    connectivity = pv.convert_array(cells.GetConnectivityArray())
    starts = pv.convert_array(cells.GetOffsetsArray())
    return np.asarray(connectivity, dtype=np.int64), np.asarray(starts, dtype=np.int64)


def cells_by_kind(
    grid: pv.UnstructuredGrid,
) -> Iterator[tuple[int, int, Int[np.ndarray, " cells"]]]:
    """Every kind (VTK's number) and number of corners there is, with the cells that have both."""
    kinds = np.asarray(grid.celltypes, dtype=np.int64)
    sizes = np.diff(cell_corners(grid)[1])
    keys = sizes * KINDS + kinds
    for key in np.unique(keys):
        yield int(key % KINDS), int(key // KINDS), np.flatnonzero(keys == key)


def _check_cells(sizes: np.ndarray, connectivity: np.ndarray, num_points: int) -> None:
    if (sizes == 0).any():
        empty = np.flatnonzero(sizes == 0)
        raise DataError(
            f"every cell needs points; {len(empty)} cells have none, the first is cell {empty[0]}"
        )
    if connectivity.size and (connectivity.min() < 0 or connectivity.max() >= num_points):
        raise DataError(
            f"cells must use points 0 to {num_points - 1}; "
            f"they use {connectivity.min()} to {connectivity.max()}"
        )


@lru_cache(maxsize=256)
def _edge_table(kind: int, size: int) -> Int[np.ndarray, "cell_edges 2"]:
    """Edges inside one cell as pairs of its own point numbers, from VTK's cell library."""
    order = np.arange(size)
    if kind == POLY_LINE:
        return np.stack([order[:-1], order[1:]], axis=1)
    if kind == TRIANGLE_STRIP:
        neighbours = [order[:-1], order[1:]], [order[:-2], order[2:]]
        return np.concatenate([np.stack(pair, axis=1) for pair in neighbours])
    cell = _generic_cell(kind, size)
    if cell.GetCellDimension() == 1:
        chains = [list(range(size))]
    else:
        chains = [_edge_points(cell, number) for number in range(cell.GetNumberOfEdges())]
    pairs = [pair for chain in chains for pair in _chain_pairs(chain)]
    reached = {point for pair in pairs for point in pair}
    corners = {point for chain in chains for point in chain[:2]}
    inner = set(range(size)) - reached if pairs else set()
    pairs += [(point, corner) for point in sorted(inner) for corner in sorted(corners)]
    return np.asarray(pairs, dtype=np.int64).reshape(-1, 2)


def _generic_cell(kind: int, size: int) -> vtkGenericCell:
    cell = vtkGenericCell()
    cell.SetCellType(kind)
    cell.GetPoints().SetNumberOfPoints(size)
    cell.GetPointIds().SetNumberOfIds(size)
    for point in range(size):
        cell.GetPointIds().SetId(point, point)
        cell.GetPoints().SetPoint(point, 0.0, 0.0, 0.0)
    # Lagrange and Bezier quadrilaterals, hexahedra and wedges have to be told their degree.
    set_degree = getattr(cell.GetRepresentativeCell(), "SetUniformOrderFromNumPoints", None)
    if set_degree is not None:
        set_degree(size)
    return cell


def _edge_points(cell: vtkGenericCell, number: int) -> list[int]:
    edge = cell.GetEdge(number)  # VTK hands out the same object for every edge
    return [edge.GetPointId(point) for point in range(edge.GetNumberOfPoints())]


def _chain_pairs(chain: list[int]) -> list[tuple[int, int]]:
    """VTK lists both ends of an edge first and its inner points after them, in order."""
    first, last, *inner = chain
    path = [first, *inner, last]
    return list(pairwise(path))


def _polyhedron_edges(grid: pv.UnstructuredGrid) -> Int[np.ndarray, "2 cell_edges"]:
    """Sides of all faces of all polyhedra; VTK stores them as loops one after the other."""
    if hasattr(grid, "GetPolyhedronFaces"):
        faces = grid.GetPolyhedronFaces()
        loops = np.asarray(pv.convert_array(faces.GetConnectivityArray()), dtype=np.int64)
        starts = np.asarray(pv.convert_array(faces.GetOffsetsArray()), dtype=np.int64)
    else:  # VTK before 9.4
        loops, starts = _split_face_stream(np.asarray(pv.convert_array(grid.GetFaces())))
    following = np.arange(1, len(loops) + 1)
    following[starts[1:] - 1] = starts[:-1]
    return np.stack([loops, loops[following]])


def _split_face_stream(
    stream: Int[np.ndarray, " numbers"],
) -> tuple[Int[np.ndarray, " corners"], Int[np.ndarray, " faces_plus_1"]]:
    """Corners and starts of the faces in ``[faces, size, corner, ..., size, ...]`` of each cell."""
    position, loops, starts = 0, [], [0]
    while position < len(stream):
        num_faces = stream[position]
        position += 1
        for _ in range(num_faces):
            size = stream[position]
            loops.append(stream[position + 1 : position + 1 + size])
            starts.append(starts[-1] + size)
            position += 1 + size
    return np.concatenate(loops).astype(np.int64), np.asarray(starts, dtype=np.int64)
