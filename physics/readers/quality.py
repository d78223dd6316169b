"""Defects of meshes that reading survives but learning may not: each is a warning of its own."""

import warnings
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pyvista as pv
from jaxtyping import Float, Int
from vtkmodules.vtkCommonDataModel import vtkGenericCell

from graphformers.physics.edges import CellEdges, cell_corners, cells_by_kind

FLAT_KINDS = {int(pv.CellType.TRIANGLE), int(pv.CellType.QUAD), int(pv.CellType.POLYGON)}
SOLID_KINDS = {
    int(pv.CellType.TETRA),
    int(pv.CellType.HEXAHEDRON),
    int(pv.CellType.WEDGE),
    int(pv.CellType.PYRAMID),
}
DEGENERATE = 1e-12  # share of a cell's extent, to the power of its dimension, taken for no volume
CHUNK = 100_000  # cells measured at once
UNIT_RATIO = 100.0  # extents further apart than this are taken for another unit of length


class MeshWarning(UserWarning):
    """A mesh that can be read and has a defect; the message says which and where."""


class DegenerateCellWarning(MeshWarning):
    """Cells without area or volume."""


class InvertedCellWarning(MeshWarning):
    """Cells turned inside out: the other way round than most of the same mesh."""


class OpenSurfaceWarning(MeshWarning):
    """A surface that encloses nothing, so that inside and outside are not defined by it."""


class LengthUnitWarning(MeshWarning):
    """A geometry and the data it goes with seem to be in different units of length."""


def warn_of_bad_cells(dataset: pv.DataSet, where: str) -> None:
    """Warn of degenerate and of inverted cells.

    Faces in space have no right way round, and polyhedra and curved cells are not measured.
    """
    if isinstance(dataset, pv.ImageData | pv.RectilinearGrid) or dataset.n_cells == 0:
        return
    cells, sizes, thresholds = _signed_sizes(dataset)
    degenerate = cells[np.abs(sizes) <= thresholds]
    if degenerate.size:
        message = f"{where}: {len(degenerate)} of {dataset.n_cells} cells have no area or volume"
        _warn(message, degenerate, DegenerateCellWarning)
    signs = np.where(np.abs(sizes) <= thresholds, 0, np.sign(sizes))
    inverted = cells[signs * (1 if signs.sum() >= 0 else -1) < 0]
    if inverted.size:
        message = f"{where}: {len(inverted)} of {dataset.n_cells} cells are inverted"
        _warn(message, inverted, InvertedCellWarning)


def warn_of_open_surface(edges: CellEdges, num_points: int, where: str) -> None:
    """Warn when an edge of a surface belongs to one face only, or to more than two."""
    count = edges.occurrences(num_points)
    loose = edges.points[:, count == 1]
    crowded = int((count > 2).sum())
    if loose.size or crowded:
        place = f", the first joins points {loose[0, 0]} and {loose[1, 0]}" if loose.size else ""
        warnings.warn(
            f"{where}: the surface is not closed: {loose.shape[1]} edges belong to one face{place}"
            f"; {crowded} to more than two. Close it before asking what lies inside",
            OpenSurfaceWarning,
            stacklevel=2,
        )


def warn_of_other_unit(extent: float, known: float, where: str) -> None:
    """Warn when a body's extent differs from that of the known ones as units of length do.

    A body in millimetres is a thousand times as long as in metres.
    """
    ratio = extent / max(known, np.finfo(np.float64).tiny)
    if not 1 / UNIT_RATIO < ratio < UNIT_RATIO:
        warnings.warn(
            f"{where} is {extent:.3g} long, the training cases up to {known:.3g}: "
            f"is it in another unit of length? Read it with scale={1 / ratio:.0e}",
            LengthUnitWarning,
            stacklevel=4,  # the line that asks for a prediction
        )


def _warn(message: str, cells: np.ndarray, category: type[MeshWarning]) -> None:
    warnings.warn(f"{message}, the first is cell {cells[0]}", category, stacklevel=3)


def _signed_sizes(
    dataset: pv.DataSet,
) -> tuple[Int[np.ndarray, " cells"], Float[np.ndarray, " cells"], Float[np.ndarray, " cells"]]:
    """Number, signed size and smallest accepted size of every cell that can be compared."""
    grid = dataset.cast_to_unstructured_grid()
    points = np.asarray(grid.points, dtype=np.float64)
    corners, starts = cell_corners(grid)
    is_plane = bool(np.ptp(points[:, 2]) == 0)
    found = [(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))]
    for kind, count, cells in cells_by_kind(grid):
        if kind not in FLAT_KINDS | SOLID_KINDS:
            continue
        for first in range(0, len(cells), CHUNK):
            some = cells[first : first + CHUNK]
            shape = points[corners[starts[some][:, None] + np.arange(count)]]
            if kind in SOLID_KINDS:
                sizes, dimension = _volumes(shape, _outward_triangles(kind)), 3
            else:
                sizes, dimension = _areas(shape, is_plane=is_plane), 2
            extents = np.ptp(shape, axis=1).max(axis=1)
            found.append((some, sizes, DEGENERATE * extents**dimension))
    numbers, sizes, thresholds = (np.concatenate(column) for column in zip(*found, strict=True))
    return numbers, sizes, thresholds


def _volumes(
    shape: Float[np.ndarray, "cells corners 3"], triangles: Int[np.ndarray, "triangles 3"]
) -> Float[np.ndarray, " cells"]:
    """Volumes by the divergence theorem, negative where the faces look inwards."""
    a, b, c = np.moveaxis((shape - shape[:, :1])[:, triangles], 2, 0)
    return np.einsum("ijk,ijk->i", a, np.cross(b, c)) / 6


def _areas(
    shape: Float[np.ndarray, "cells corners 3"], *, is_plane: bool
) -> Float[np.ndarray, " cells"]:
    """Areas; in the plane z = const negative where the corners go round clockwise."""
    arms = shape[:, 1:] - shape[:, :1]
    if not is_plane:
        normals = 0.5 * np.cross(arms[:, :-1], arms[:, 1:]).sum(axis=1)
        return np.linalg.norm(normals, axis=1)
    x, y = arms[..., 0], arms[..., 1]
    return 0.5 * (x[:, :-1] * y[:, 1:] - x[:, 1:] * y[:, :-1]).sum(axis=1)


@lru_cache(maxsize=16)
def _outward_triangles(kind: int) -> Int[np.ndarray, "triangles 3"]:
    """Faces of a solid cell as triangles that look outwards, from VTK's cell library."""
    cell = vtkGenericCell()
    cell.SetCellType(kind)
    for point in range(cell.GetNumberOfPoints()):
        cell.GetPointIds().SetId(point, point)
    triangles = []
    for number in range(cell.GetNumberOfFaces()):
        face = cell.GetFace(number)  # VTK hands out the same object for every face
        first, *others = (face.GetPointId(k) for k in range(face.GetNumberOfPoints()))
        triangles += [(first, *pair) for pair in pairwise(others)]
    return np.asarray(triangles, dtype=np.int64)
