"""Reading an OpenFOAM case folder: cells to points, patches to boundary tags, one layer to 2-D."""

import gzip
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pyvista as pv
from scipy.spatial import KDTree
from vtkmodules.vtkIOGeometry import vtkOpenFOAMReader

from graphformers.errors import DataError, nearest_name
from graphformers.physics.mesh_file import first_complaint, vtk_messages
from graphformers.physics.surface import POINT_ID, outer_surface

logger = logging.getLogger(__name__)

BASE_UNITS = ("kg", "m", "s", "K", "mol", "A", "cd")  # order of OpenFOAM's dimension sets
HEADER_BYTES = 8192  # the dimensions stand before the numbers
PATCH = re.compile(r"([^\s{}()/]+)\s*\{([^{}]*)\}")
DIMENSIONS = re.compile(r"^\s*dimensions\s*\[([^\]]*)\]", re.MULTILINE)
SAME_PLANE = 1e-6  # share of the largest extent within which points lie at one z


def open_openfoam(
    folder: Path, *, fields: Sequence[str] | None = None, time: float | None = None
) -> tuple[pv.UnstructuredGrid, dict[str, str]]:
    """The mesh of a case with the fields of one time step, and the units its files state.

    OpenFOAM keeps values in cells: they are averaged to the points, and points of a patch take the
    patch's own values, so that a no-slip wall really has zero velocity. Every patch becomes a
    boundary tag; ``wall`` is the union of the patches of type wall. A mesh between ``empty``
    patches is returned as its 2-D front. ``time`` None is the last time step.

    Raises ``DataError`` for a damaged case, a missing time or field.
    """
    with vtk_messages() as messages:
        seconds, cells, patches = _read(folder, fields, time)
        complaint = first_complaint(messages)
    if complaint or cells.n_points == 0:
        raise DataError(f"{folder}: the OpenFOAM case cannot be read. VTK says: {complaint}")
    grid = cast("pv.UnstructuredGrid", cells.cell_data_to_point_data())
    if cells.cell_data.keys():
        names = ", ".join(cells.cell_data.keys())
        logger.info("%s: %s averaged from cells to points at time %g", folder, names, seconds)
    types = _patch_types(folder)
    _apply_patches(grid, patches, types)
    if "empty" in types.values():
        grid = _front(grid, folder)
    units = {name: _unit(folder, seconds, name) for name in cells.cell_data}
    return grid, {name: unit for name, unit in units.items() if unit}


def _read(
    folder: Path, fields: Sequence[str] | None, time: float | None
) -> tuple[float, pv.UnstructuredGrid, dict[str, pv.PolyData]]:
    """Time, cells and patches; no cells when VTK finds none."""
    reader = vtkOpenFOAMReader()
    reader.SetFileName(str(folder / "case.foam"))  # only its folder matters, it need not exist
    reader.CreateCellToPointOff()
    reader.SkipZeroTimeOff()
    keep_polyhedra = getattr(reader, "DecomposePolyhedraOff", None)
    if keep_polyhedra is not None:  # VTK from 9.6 on never decomposes them
        keep_polyhedra()
    reader.UpdateInformation()
    reader.EnableAllPatchArrays()
    available = [reader.GetCellArrayName(k) for k in range(reader.GetNumberOfCellArrays())]
    for name in fields or ():
        if name not in available:
            raise DataError(
                f"{folder}: expected a field {name!r}; the case has "
                f"{', '.join(available) or 'none'}{nearest_name(name, available)}"
            )
    for name in available:
        reader.SetCellArrayStatus(name, int(fields is None or name in fields))
    seconds = _choose_time(folder, reader, time)
    reader.UpdateTimeStep(seconds)
    blocks = _named_blocks(pv.wrap(reader.GetOutputDataObject(0)))
    cells, patches = blocks.get("internalMesh"), _named_blocks(blocks.get("boundary"))
    return (
        seconds,
        cells if isinstance(cells, pv.UnstructuredGrid) else pv.UnstructuredGrid(),
        {name: patch for name, patch in patches.items() if isinstance(patch, pv.PolyData)},
    )


def _named_blocks(blocks: object) -> dict[str, object]:
    if not isinstance(blocks, pv.MultiBlock):
        return {}
    return {str(name): blocks[name] for name in blocks.keys()}  # noqa: SIM118 - iterates values


def _choose_time(folder: Path, reader: vtkOpenFOAMReader, time: float | None) -> float:
    stored = reader.GetTimeValues()
    times = [stored.GetValue(k) for k in range(stored.GetNumberOfTuples())] if stored else []
    if time is None:
        return times[-1] if times else 0.0
    if time not in times:
        raise DataError(f"{folder}: there is no time {time:g}; it has {times}")
    return time


def _apply_patches(
    grid: pv.UnstructuredGrid, patches: dict[str, pv.PolyData], types: dict[str, str]
) -> None:
    """Write the patches' values and tags to the points of the grid; walls come last and win."""
    names = [name for name in types if name in patches and types[name] != "empty"]
    names.sort(key=lambda name: types[name] == "wall")
    tree = KDTree(grid.points)
    on_wall = np.zeros(grid.n_points, dtype=np.uint8)
    for name in names:
        patch = patches[name].cell_data_to_point_data()
        _, points = tree.query(patch.points)
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
    flat = cast("pv.UnstructuredGrid", surface.extract_cells(front))
    for extra in ("vtkOriginalPointIds", "vtkOriginalCellIds"):
        for data in (flat.point_data, flat.cell_data):
            data.pop(extra, None)
    return flat


def _patch_types(folder: Path) -> dict[str, str]:
    """Patch names and types in the order of ``constant/polyMesh/boundary``."""
    text = _header(folder / "constant" / "polyMesh" / "boundary", limit=None)
    types = {}
    for name, body in PATCH.findall(text):
        kind = re.search(r"\btype\s+(\w+)\s*;", body)
        if kind and name != "FoamFile":
            types[name] = kind[1]
    return types


def _unit(folder: Path, seconds: float, name: str) -> str:
    """``m2/s2`` for ``[0 2 -2 0 0 0 0]``; empty for no dimension or none stated."""
    for time in (f"{seconds:g}", str(seconds)):
        match = DIMENSIONS.search(_header(folder / time / name, limit=HEADER_BYTES))
        if match:
            return _unit_text(match[1].split())
    return ""


def _unit_text(exponents: list[str]) -> str:
    try:
        powers = [float(exponent) for exponent in exponents]
    except ValueError:
        return ""  # newer versions write names here
    above, below = [], []
    for base, power in zip(BASE_UNITS, powers, strict=False):
        size = "" if abs(power) == 1 else f"{abs(power):g}"
        if power:
            (above if power > 0 else below).append(base + size)
    return "/".join([" ".join(above) or "1", *below]) if above or below else ""


def _header(path: Path, limit: int | None) -> str:
    """Text of an OpenFOAM file, packed or not, at most ``limit`` bytes of it; none, no text."""
    packed = path.with_name(path.name + ".gz")
    try:
        if packed.is_file():
            with gzip.open(packed) as stream:
                content = stream.read(-1 if limit is None else limit)
        else:
            with path.open("rb") as stream:
                content = stream.read(-1 if limit is None else limit)
    except OSError:
        return ""
    return content.decode("utf-8", errors="replace")
