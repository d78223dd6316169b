"""Reading an OpenFOAM case folder: cells to points, patches to boundary tags, one layer to 2-D."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import pyvista as pv
from scipy.spatial import KDTree
from vtkmodules.vtkIOParallel import vtkPOpenFOAMReader

from graphformers.errors import DataError
from graphformers.physics.mesh_file import first_complaint, vtk_messages
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.blocks import extracted
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.openfoam_files import (
    field_unit,
    is_decomposed,
    is_openfoam_case,
    patch_types,
    stored_at,
    time_folders,
)
from graphformers.physics.readers.point_fields import point_fields, wanted_names
from graphformers.physics.readers.reader import OpenedMesh, OpenedSeries, PointFields, Reader
from graphformers.physics.readers.steps import ascending, chosen_step
from graphformers.physics.surface import POINT_ID, outer_surface

Mesh = TypeVar("Mesh", pv.UnstructuredGrid, pv.PolyData)

logger = logging.getLogger(__name__)

DECOMPOSED, RECONSTRUCTED = (
    vtkPOpenFOAMReader.DECOMPOSED_CASE,
    vtkPOpenFOAMReader.RECONSTRUCTED_CASE,
)
WEDGE = int(pv.CellType.WEDGE)
TURNED = [3, 4, 5, 0, 1, 2]  # corners of a wedge from the other triangle on
SAME_PLANE = 1e-6  # share of the largest extent within which points lie at one z


def open_openfoam(
    folder: Path,
    *,
    fields: Sequence[str] | None = None,
    time: float | None = None,
    skip_missing: bool = False,
) -> tuple[pv.UnstructuredGrid, dict[str, str]]:
    """The mesh of a case with the fields of one time step, and the units its files state.

    OpenFOAM keeps values in cells: they are averaged to the points, and points of a patch take the
    patch's own values, so that a no-slip wall really has zero velocity. Every patch becomes a
    boundary tag; ``wall`` is the union of the patches of type wall. A mesh between ``empty``
    patches is returned as its 2-D front. ``time`` None is the last time step.

    Raises ``DataError`` for a damaged case, a missing time or field.
    """
    with vtk_messages() as messages:
        seconds, cells, patches = _read(folder, fields, time, skip_missing=skip_missing)
        complaint = first_complaint(messages)
    if complaint or cells.n_points == 0:
        hint = ""
        if "dimensions" in complaint:
            hint = "; dimensions must be seven numbers such as [0 1 -1 0 0 0 0], not words"
        raise DataError(f"{folder}: the OpenFOAM case cannot be read. VTK says: {complaint}{hint}")
    _turn_wedges(cells)
    grid = cast("pv.UnstructuredGrid", cells.cell_data_to_point_data())
    if cells.cell_data.keys():
        names = ", ".join(cells.cell_data.keys())
        logger.info("%s: %s averaged from cells to points at time %g", folder, names, seconds)
    types = patch_types(folder)
    _apply_patches(grid, patches, types)
    if "empty" in types.values():
        grid = _front(grid, folder)
    units = {name: field_unit(folder, seconds, name) for name in cells.cell_data}
    return grid, {name: unit for name, unit in units.items() if unit}


def _read(
    folder: Path, fields: Sequence[str] | None, time: float | None, *, skip_missing: bool
) -> tuple[float, pv.UnstructuredGrid, dict[str, pv.PolyData]]:
    """Time, cells and patches; no cells when VTK finds none."""
    reader = vtkPOpenFOAMReader()
    reader.SetCaseType(DECOMPOSED if is_decomposed(folder) else RECONSTRUCTED)
    reader.SetFileName(str(folder / "case.foam"))  # only its folder matters, it need not exist
    reader.CreateCellToPointOff()
    reader.SkipZeroTimeOff()
    keep_polyhedra = getattr(reader, "DecomposePolyhedraOff", None)
    if keep_polyhedra is not None:  # VTK from 9.6 on never decomposes them
        keep_polyhedra()
    reader.UpdateInformation()
    reader.EnableAllPatchArrays()
    available = [reader.GetCellArrayName(k) for k in range(reader.GetNumberOfCellArrays())]
    wanted = wanted_names(available, fields, str(folder), skip_missing=skip_missing)
    for name in available:
        reader.SetCellArrayStatus(name, int(name in wanted))
    seconds = _choose_time(folder, reader, time)
    reader.UpdateTimeStep(seconds)
    blocks = _named_blocks(pv.wrap(reader.GetOutputDataObject(0)))
    cells, boundary = blocks.get("internalMesh"), _named_blocks(blocks.get("boundary"))
    cells = cells if isinstance(cells, pv.UnstructuredGrid) else pv.UnstructuredGrid()
    patches = {name: one for name, one in boundary.items() if isinstance(one, pv.PolyData)}
    if is_decomposed(folder):  # neighbouring processors both have the points between them
        cells = _with_points_joined(cells)
        patches = {name: _with_points_joined(patch) for name, patch in patches.items()}
    return seconds, cells, patches


def _with_points_joined(mesh: Mesh) -> Mesh:
    return cast("Mesh", mesh.clean(tolerance=0))


def _turn_wedges(cells: pv.UnstructuredGrid) -> None:
    """Turn wedges the right way round: VTK's reader leaves their corners in OpenFOAM's order."""
    wedges = np.flatnonzero(np.asarray(cells.celltypes) == WEDGE)
    if wedges.size:
        corners = pv.convert_array(cells.GetCells().GetConnectivityArray())
        starts = pv.convert_array(cells.GetCells().GetOffsetsArray())
        places = starts[wedges][:, None] + np.arange(len(TURNED))
        corners[places] = corners[places][:, TURNED]


def _named_blocks(blocks: object) -> dict[str, object]:
    if not isinstance(blocks, pv.MultiBlock):
        return {}
    return {str(name): blocks[name] for name in blocks.keys()}  # noqa: SIM118 - iterates values


def _choose_time(folder: Path, reader: vtkPOpenFOAMReader, time: float | None) -> float:
    stored = reader.GetTimeValues()
    times = [stored.GetValue(k) for k in range(stored.GetNumberOfTuples())] if stored else []
    if not times and time is None:
        return 0.0
    return times[chosen_step(times, time, str(folder))]


def _apply_patches(
    grid: pv.UnstructuredGrid, patches: dict[str, pv.PolyData], types: dict[str, str]
) -> None:
    """Write the patches' values and tags to the points of the grid; walls come last and win."""
    names = [name for name in types if types[name] != "empty"]
    names.sort(key=lambda name: types[name] == "wall")
    tree = KDTree(grid.points)
    on_wall = np.zeros(grid.n_points, dtype=np.uint8)
    for name in names:
        patch = patches.get(name, pv.PolyData()).cell_data_to_point_data()
        _, points = tree.query(np.asarray(patch.points).reshape(-1, 3))
        for field in patch.point_data:
            if field in grid.point_data:
                np.asarray(grid.point_data[field])[points] = patch.point_data[field]
        tag = np.zeros(grid.n_points, dtype=np.uint8)
        tag[points] = 1
        on_wall |= tag * (types[name] == "wall")
        grid.point_data[name] = tag
    if on_wall.any():
        grid.point_data["wall"] = on_wall


def _front(grid: pv.UnstructuredGrid, folder: Path) -> pv.UnstructuredGrid:
    """Faces of the surface at the smallest z: the 2-D mesh of a case that is one cell thick."""
    surface = outer_surface(grid)
    del surface.point_data[POINT_ID]
    height = np.asarray(surface.points)[:, 2]
    tolerance = SAME_PLANE * np.ptp(np.asarray(grid.points), axis=0).max()
    on_front = (height - height.min() <= tolerance).astype(np.float64)
    surface.point_data["on_front"] = on_front
    share = np.asarray(surface.point_data_to_cell_data().cell_data["on_front"])
    del surface.point_data["on_front"]
    front = np.flatnonzero(share > 1 - SAME_PLANE)
    if front.size == 0:
        raise DataError(f"{folder}: expected the empty patches of a 2-D case to face the z axis")
    logger.info("%s: 2-D case, read as the %d faces of its front", folder, front.size)
    return extracted(surface, front)


@dataclass(frozen=True, kw_only=True)
class OpenFoamSteps:
    """Reads the fields of one time of a case."""

    folder: Path
    times: tuple[float, ...]
    names: tuple[str, ...]

    def __call__(self, step: int) -> PointFields:
        """Fields at the points, as ``open_openfoam`` gives them."""
        time = self.times[step]
        grid, _ = open_openfoam(self.folder, fields=self.names, time=time)
        return point_fields(grid, self.names, f"{self.folder}, time {time:g}")


def _read_case(file: CaseFile, options: ReadOptions) -> OpenedMesh:
    grid, units = open_openfoam(
        file.path, fields=options.wanted, time=options.time, skip_missing=options.skip_missing
    )
    return OpenedMesh(dataset=grid, units=units)


def _open_series(file: CaseFile, options: ReadOptions) -> OpenedSeries:
    folders = time_folders(file.path)
    times = tuple(folders)
    if not times:
        raise DataError(f"{file.where}: expected folders of stored times; there are none")
    everywhere = set.intersection(*(stored_at(folder) for folder in folders.values()))
    names = options.wanted
    if names is None or options.skip_missing:
        names = tuple(sorted(everywhere if names is None else everywhere & set(names)))
    for time, folder in folders.items():
        missing = sorted(set(names) - stored_at(folder))
        if missing:
            raise DataError(
                f"{file.where}: expected a field {missing[0]!r} at every time; "
                f"there is none at {time:g}"
            )
    grid, units = open_openfoam(file.path, fields=names, time=times[0], skip_missing=True)
    present = tuple(name for name in names if name in grid.point_data)
    return OpenedSeries(
        mesh=OpenedMesh(dataset=grid, units=units),
        times=ascending(times, file.where),
        field_names=present,
        read_step=OpenFoamSteps(folder=file.path, times=times, names=present),
    )


OPENFOAM = Reader(
    name="OpenFOAM case",
    expects="a folder with constant/polyMesh, or processor0/constant/polyMesh",
    recognises=is_openfoam_case,
    read=_read_case,
    open_series=_open_series,
)
