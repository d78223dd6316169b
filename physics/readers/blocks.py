"""Several blocks to one mesh: those of the volume are joined, those of its boundary become tags."""

from collections.abc import Iterator, Mapping
from typing import cast

import numpy as np
import pyvista as pv
from jaxtyping import Float, Int
from scipy.spatial import KDTree
from vtkmodules.vtkCommonDataModel import vtkGenericCell
from vtkmodules.vtkFiltersCore import vtkAppendFilter

from graphformers.errors import DataError

SAME_PLACE = 1e-6  # share of the largest extent within which points of two blocks are one


def merged_blocks(blocks: pv.MultiBlock, where: str) -> pv.DataSet:
    """One mesh of the blocks of highest dimension, with every lower one as a boundary tag.

    Points that two volume blocks share become one. Blocks that are all faces in space are regions
    of one surface, and each is a tag as well. Only arrays that all joined blocks have are kept.

    Raises ``DataError`` when there is no block with cells, or a boundary off the mesh.
    """
    leaves = {name: block for name, block in _leaves(blocks) if block.n_cells}
    if not leaves:
        raise DataError(f"{where}: expected blocks with cells; all of {len(blocks)} are empty")
    dimension = {name: mesh_dimension(block) for name, block in leaves.items()}
    highest = max(dimension.values())
    volume = {name: block for name, block in leaves.items() if dimension[name] == highest}
    boundaries = {name: block for name, block in leaves.items() if name not in volume}
    mesh = joined(list(volume.values()))
    is_surface = highest == 2 and np.ptp(np.asarray(mesh.points), axis=0).min() > 0
    if is_surface and len(volume) > 1:
        boundaries = {**volume, **boundaries}
    add_tags(mesh, boundaries, where)
    return mesh


def joined(meshes: list[pv.DataSet]) -> pv.DataSet:
    """One mesh of several, their coinciding points made one; a single mesh as it is."""
    if len(meshes) == 1:
        return meshes[0].copy(deep=False)
    append = vtkAppendFilter()
    append.MergePointsOn()
    append.SetTolerance(SAME_PLACE)
    append.SetToleranceIsAbsolute(False)
    for mesh in meshes:
        append.AddInputData(mesh)
    append.Update()
    return pv.wrap(append.GetOutput())


def add_tags(mesh: pv.DataSet, boundaries: Mapping[str, pv.DataSet], where: str) -> None:
    """Tag the points of ``mesh`` which each boundary uses; a name in use gets ``_boundary``."""
    if not boundaries:
        return
    tree = KDTree(mesh.points)
    tolerance = SAME_PLACE * np.ptp(np.asarray(mesh.points), axis=0).max()
    for name, boundary in boundaries.items():
        used = _used_points(boundary)
        distance, points = tree.query(used)
        off = int((distance > tolerance).sum())
        if off:
            raise DataError(
                f"{where}: boundary {name!r} must lie on points of the mesh; "
                f"{off} of its {len(used)} points are up to {distance.max():.3g} away"
            )
        tag = np.zeros(mesh.n_points, dtype=np.uint8)
        tag[points] = 1
        mesh.point_data[f"{name}_boundary" if name in mesh.point_data else name] = tag


def extracted(mesh: pv.DataSet, cells: Int[np.ndarray, " chosen"]) -> pv.UnstructuredGrid:
    """Some cells of a mesh and the points they use."""
    chosen = cast("pv.UnstructuredGrid", mesh.extract_cells(cells))
    for extra in ("vtkOriginalPointIds", "vtkOriginalCellIds"):
        for data in (chosen.point_data, chosen.cell_data):
            data.pop(extra, None)
    return chosen


def _used_points(boundary: pv.DataSet) -> Float[np.ndarray, "points 3"]:
    """Points of cells: some formats store a boundary with all points of the mesh."""
    grid = boundary.cast_to_unstructured_grid()
    return np.asarray(grid.points)[np.unique(grid.cell_connectivity)]


def mesh_dimension(mesh: pv.DataSet) -> int:
    """Largest dimension of a cell: 3 for a volume, 2 for faces, 1 for lines."""
    if isinstance(mesh, pv.PolyData):
        return 2 if mesh.GetNumberOfPolys() or mesh.n_strips else int(mesh.n_lines > 0)
    if isinstance(mesh, pv.UnstructuredGrid):
        return max((_kind_dimension(int(kind)) for kind in np.unique(mesh.celltypes)), default=0)
    return sum(count > 1 for count in getattr(mesh, "dimensions", ()))


def _kind_dimension(kind: int) -> int:
    cell = vtkGenericCell()
    cell.SetCellType(kind)
    return cell.GetCellDimension()


def _leaves(blocks: pv.MultiBlock, prefix: str = "") -> Iterator[tuple[str, pv.DataSet]]:
    """Meshes by name; a name that occurs again is made another by those of the blocks around it."""
    seen: set[str] = set()
    for number in range(len(blocks)):
        block = blocks[number]
        name = str(blocks.get_block_name(number) or f"block_{number}")
        if isinstance(block, pv.MultiBlock):
            inner = [*_leaves(block, f"{prefix}{name}.")]
        else:
            inner = [(name, block)] if isinstance(block, pv.DataSet) else []
        for short, mesh in inner:
            unique = short if short not in seen else f"{prefix}{name}.{short}"
            seen.add(unique)
            yield unique, mesh
