"""HDF5 files of trajectories on meshes, as MeshGraphNets data is passed on.

One group for every trajectory, or the file itself for a single one, with ``cells`` (cells,
corners), ``mesh_pos`` or ``node_pos`` (points, space), ``node_type`` and fields (steps, points,
components); a leading axis of length one, or steps of a thing that does not change, are accepted.
``meta.json`` beside the file gives ``dt``; without it steps are ``ReadOptions.step_seconds`` apart,
unless the group has the times in ``t``. Numbers in ``conditions`` are inputs, called condition_0
and so on.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.hdf5 import (
    SUFFIXES,
    dataset,
    datasets,
    is_hdf5_file,
    subgroup,
    subgroups,
)
from graphformers.physics.readers.point_fields import is_node_type, wanted_names
from graphformers.physics.readers.reader import OpenedMesh, OpenedSeries, PointFields, Reader
from graphformers.physics.readers.steps import ascending, mesh_at
from graphformers.physics.readers.tags import check_node_types
from graphformers.physics.readers.uniform_cells import mesh_of

POSITIONS = ("mesh_pos", "node_pos")
NO_FIELDS = ("cells", *POSITIONS, "t", "conditions")
SPLITS = {"train": "train", "valid": "val", "val": "val", "test": "test"}  # by the file's name
KINDS = {  # (corners, space)
    (3, 2): pv.CellType.TRIANGLE,
    (3, 3): pv.CellType.TRIANGLE,
    (4, 2): pv.CellType.QUAD,
    (4, 3): pv.CellType.TETRA,
    (8, 3): pv.CellType.HEXAHEDRON,
}


@dataclass(frozen=True, kw_only=True)
class TrajectorySteps:
    """Reads one step of the named fields and no other."""

    path: Path
    part: str | None
    names: tuple[str, ...]

    def __call__(self, step: int) -> PointFields:
        """Fields of the step; one that does not change in time is the same at all."""
        with h5py.File(self.path) as file:
            group = _group(file, self.part)
            found = {name: dataset(group, name) for name in self.names}
            values = {name: one[step if len(one) > 1 else 0] for name, one in found.items()}
            return {name: np.reshape(one, (len(one), -1)) for name, one in values.items()}


def _recognises(path: Path) -> bool:
    if not is_hdf5_file(path):
        return False
    with h5py.File(path) as file:
        first = next((group for _, group in subgroups(file)), file)
        return _is_trajectory(file) or _is_trajectory(first)


def _is_trajectory(group: h5py.Group) -> bool:
    return "cells" in group and _positions(group) is not None


def _positions(group: h5py.Group) -> str | None:
    return next((name for name in POSITIONS if name in group), None)


def _cases(path: Path) -> list[CaseFile]:
    with h5py.File(path) as file:
        parts = [None] if _is_trajectory(file) else [*file]
        return [_case(path, part, _conditions(_group(file, part))) for part in parts]


def _case(path: Path, part: str | None, conditions: dict[str, float]) -> CaseFile:
    return CaseFile(
        name=path.stem if part is None else f"{path.stem}_{part}",
        path=path,
        part=part,
        split=SPLITS.get(path.stem),
        numbers=conditions,
        inputs=tuple(conditions),
    )


def _conditions(group: h5py.Group) -> dict[str, float]:
    values = np.ravel(dataset(group, "conditions")[()]) if "conditions" in group else ()
    return {f"condition_{k}": float(value) for k, value in enumerate(values)}


def _group(file: h5py.File, part: str | None) -> h5py.Group:
    group = file if part is None else subgroup(file, part)
    if not _is_trajectory(group):
        raise DataError(
            f"{file.filename}, {part}: expected a group with cells and {' or '.join(POSITIONS)}"
        )
    return group


def _fields(group: h5py.Group, num_points: int) -> list[str]:
    """Data sets of floating-point numbers at the points, at one time or several."""
    return [
        name
        for name, one in datasets(group)
        if name not in NO_FIELDS
        and not is_node_type(name)
        and np.issubdtype(one.dtype, np.floating)
        and one.ndim >= 2
        and one.shape[1] == num_points
    ]


def _times(
    group: h5py.Group, names: list[str], file: CaseFile, options: ReadOptions
) -> list[float]:
    lengths = {name: len(dataset(group, name)) for name in names}
    num_steps = set(lengths.values()) - {1} or {1}
    if len(num_steps) > 1:
        steps = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DataError(f"{file.where}: fields must have the same number of steps; got {steps}")
    (count,) = num_steps
    if "t" in group:
        return np.ravel(dataset(group, "t")[()]).astype(np.float64)[:count].tolist()
    meta = file.path.with_name("meta.json")
    seconds = options.step_seconds
    if meta.is_file():
        seconds = float(json.loads(meta.read_text(encoding="utf-8")).get("dt", seconds))
    return (np.arange(count) * seconds).tolist()


def _mesh(group: h5py.Group, where: str) -> pv.UnstructuredGrid:
    cells = _unchanging(dataset(group, "cells"), where).astype(np.int64)
    points = _unchanging(dataset(group, str(_positions(group))), where).astype(np.float64)
    kind = KINDS.get((cells.shape[1], points.shape[1]))
    if kind is None:
        raise DataError(
            f"{where}: cells of {cells.shape[1]} corners in {points.shape[1]} dimensions "
            "are not known"
        )
    mesh = mesh_of(points, cells, kind)
    for name in filter(is_node_type, group):
        mesh.point_data[name] = _unchanging(dataset(group, name), where).reshape(-1)
    return mesh


def _unchanging(values: h5py.Dataset, where: str) -> np.ndarray:
    """A table that is stored once, or at every step and always the same."""
    if values.ndim == 2 or (values.ndim == 1 and len(values)):
        return np.asarray(values)
    first, last = np.asarray(values[0]), np.asarray(values[-1])
    if first.shape != last.shape or not np.array_equal(first, last):
        raise DataError(f"{where}: {values.name} changes in time; the mesh must stay the same")
    return first


def _open_series(file: CaseFile, options: ReadOptions) -> OpenedSeries:
    with h5py.File(file.path) as opened:
        group = _group(opened, file.part)
        mesh = _mesh(group, file.where)
        available = _fields(group, mesh.n_points)
        names = wanted_names(
            available, options.wanted, file.where, skip_missing=options.skip_missing
        )
        times = _times(group, names or available, file, options)
    types = [np.asarray(mesh.point_data[name]) for name in mesh.point_data if is_node_type(name)]
    return OpenedSeries(
        mesh=OpenedMesh(dataset=mesh),
        times=ascending(times, file.where),
        field_names=tuple(names),
        read_step=TrajectorySteps(path=file.path, part=file.part, names=tuple(names)),
        node_types=check_node_types(types[0], file.where) if types else None,
    )


def _read(file: CaseFile, options: ReadOptions) -> OpenedMesh:
    return mesh_at(_open_series(file, options), options.time, file.where)


TRAJECTORIES = Reader(
    name="HDF5 file of trajectories",
    expects=f"{', '.join(SUFFIXES)} with cells and {' or '.join(POSITIONS)} in every group",
    recognises=_recognises,
    read=_read,
    cases=_cases,
    open_series=_open_series,
)
