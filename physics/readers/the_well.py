"""The Well: simulations on uniform grids in HDF5, several in a file.

Every trajectory is a case. Fields of ``t0_fields``, ``t1_fields`` and ``t2_fields`` are scalars,
vectors and tensors (by rows); boundary conditions become tags; the simulation parameters and
``scalars`` that do not change in time are inputs. The folder a file lies in is its split.
"""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pyvista as pv
from jaxtyping import Bool, Float

from graphformers.errors import DataError
from graphformers.physics.mesh_series import NORMAL, WALL_BOUNDARY
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.hdf5 import (
    attribute,
    dataset,
    datasets,
    is_hdf5_file,
    subgroup,
    subgroups,
)
from graphformers.physics.readers.point_fields import wanted_names
from graphformers.physics.readers.reader import OpenedMesh, OpenedSeries, PointFields, Reader
from graphformers.physics.readers.steps import ascending, mesh_at

GROUPS = ("t0_fields", "t1_fields", "t2_fields")  # by rank
SPLITS = {"train": "train", "valid": "val", "test": "test"}  # by the folder's name


@dataclass(frozen=True, kw_only=True)
class WellSteps:
    """Reads one step of the named fields and no other."""

    path: Path
    sample: int
    names: tuple[str, ...]

    def __call__(self, step: int) -> PointFields:
        """Fields at the points, x fastest."""
        with h5py.File(self.path) as file:
            grid = _axes(file, self.path)
            shape = tuple(len(axis) for axis in grid.values())
            found = _fields(file)
            return {name: _values(found[name], self.sample, step, shape) for name in self.names}


def _recognises(path: Path) -> bool:
    if path.is_dir():
        return any(map(_is_well, path.glob("data/*/*.hdf5")))
    return _is_well(path)


def _is_well(path: Path) -> bool:
    if not is_hdf5_file(path):
        return False
    with h5py.File(path) as file:
        return "n_trajectories" in file.attrs and "dimensions" in file


def _cases(path: Path) -> list[CaseFile]:
    if path.is_dir():
        return [case for one in sorted(path.glob("data/*/*.hdf5")) for case in _cases(one)]
    with h5py.File(path) as file:
        return [_case(file, path, k) for k in range(int(attribute(file, "n_trajectories")[0]))]


def _case(file: h5py.File, path: Path, sample: int) -> CaseFile:
    numbers = {}
    for name in map(str, attribute(file, "simulation_parameters")):
        if (value := attribute(file, name)).size == 1:
            numbers[name] = float(value[0])
    for name, scalar in datasets(file, "scalars"):
        if not scalar.attrs.get("time_varying", False):
            values = np.ravel(scalar[()])
            numbers[name] = float(values[sample if scalar.attrs.get("sample_varying") else 0])
    return CaseFile(
        name=f"{path.stem}_{sample}",
        path=path,
        part=str(sample),
        split=SPLITS.get(path.parent.name),
        numbers=numbers,
        inputs=tuple(numbers),
    )


def _fields(file: h5py.File) -> dict[str, h5py.Dataset]:
    return {name: field for group in GROUPS for name, field in datasets(file, group)}


def _axes(file: h5py.File, path: Path) -> dict[str, Float[np.ndarray, " places"]]:
    """Coordinates along every axis of space."""
    dimensions = subgroup(file, "dimensions")
    names = [str(name) for name in attribute(dimensions, "spatial_dims")]
    axes = {name: np.asarray(dataset(dimensions, name)) for name in names}
    if any(axis.ndim != 1 for axis in axes.values()) or not 2 <= len(axes) <= 3:
        shapes = {name: axis.shape for name, axis in axes.items()}
        raise DataError(f"{path}: expected a fixed grid of 2 or 3 axes; got {shapes}")
    return {name: axis.astype(np.float64) for name, axis in axes.items()}


def _values(
    field: h5py.Dataset, sample: int, step: int, shape: tuple[int, ...]
) -> Float[np.ndarray, "points components"]:
    """One field at one time. Axes it does not depend on are not stored."""
    place = (sample,) if field.attrs.get("sample_varying", True) else ()
    if field.attrs.get("time_varying", True):
        place = (*place, step)
    values = np.asarray(field[place] if place else field)
    for axis, varies in enumerate(attribute(field, "dim_varying")):
        if not varies:
            values = np.expand_dims(values, axis)
    space = len(shape)
    values = np.broadcast_to(values, (*shape, *values.shape[space:]))
    values = values.reshape(*shape, -1).transpose(*reversed(range(space)), space)
    return values.reshape(-1, values.shape[-1])


def _mesh(file: h5py.File, path: Path) -> pv.RectilinearGrid:
    axes = _axes(file, path)
    mesh = pv.RectilinearGrid(*axes.values(), *([np.zeros(1)] * (3 - len(axes))))
    for name, condition in subgroups(file, "boundary_conditions"):
        kind = str(condition.attrs.get("bc_type", "")).lower()
        tag = name if kind in name.lower() else f"{name}_{kind}"
        mesh.point_data[tag] = _mask(condition, axes).astype(np.uint8)
    return mesh


def _mask(
    condition: h5py.Group, axes: dict[str, Float[np.ndarray, " places"]]
) -> Bool[np.ndarray, " points"]:
    """Points a boundary condition holds at; its mask runs over the axes it is associated with."""
    along = [str(name) for name in attribute(condition, "associated_dims")]
    mask = np.asarray(dataset(condition, "mask")).astype(bool)
    shape = tuple(len(axes[name]) if name in along else 1 for name in axes)
    full = np.broadcast_to(mask.reshape(shape), tuple(len(axis) for axis in axes.values()))
    return full.transpose().ravel()


def _open_series(file: CaseFile, options: ReadOptions) -> OpenedSeries:
    if file.part is None:
        raise DataError(f"{file.where}: name the trajectory")
    with h5py.File(file.path) as opened:
        names = wanted_names(
            list(_fields(opened)),
            options.wanted,
            file.where,
            skip_missing=options.skip_missing,
        )
        mesh = _mesh(opened, file.path)
        times = np.ravel(dataset(subgroup(opened, "dimensions"), "time")[()]).tolist()
    types = np.full(mesh.n_points, NORMAL, dtype=np.int64)
    for name in mesh.point_data:
        if "wall" in name.lower():
            types[np.asarray(mesh.point_data[name]) == 1] = WALL_BOUNDARY
    return OpenedSeries(
        mesh=OpenedMesh(dataset=mesh),
        times=ascending(times, file.where),
        field_names=tuple(names),
        read_step=WellSteps(path=file.path, sample=int(file.part), names=tuple(names)),
        node_types=types,
    )


def _read(file: CaseFile, options: ReadOptions) -> OpenedMesh:
    return mesh_at(_open_series(file, options), options.time, file.where)


THE_WELL = Reader(
    name="file of The Well",
    expects="HDF5 with dimensions, t0_fields, t1_fields, t2_fields",
    recognises=_recognises,
    read=_read,
    cases=_cases,
    open_series=_open_series,
)
