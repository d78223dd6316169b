"""From files and folders to mesh cases."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyvista as pv
from jaxtyping import Bool, Float

from graphformers.errors import DataError, nearest_name
from graphformers.physics.case_files import CaseFile, find_cases, is_openfoam_case
from graphformers.physics.edges import cell_edges
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.mesh_file import open_mesh
from graphformers.physics.openfoam import open_openfoam
from graphformers.physics.wall import plane_wall, space_wall

logger = logging.getLogger(__name__)

KNOWN_PARAMETERS = (
    "angle_of_attack_deg",
    "reynolds",
    "mach",
    "speed",
    "density",
    "viscosity",
    "temperature",
)
FLATNESS = 1e-6  # extent in z, as a share of the largest extent, below which a mesh is 2-D
OUT_OF_PLANE = 1e-4  # z component, as a share of the field's largest value, taken for zero


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What to take from the files of a data set.

    ``fields`` None takes every field; names are point fields, or cell fields which are then
    averaged to the points. ``parameters`` None takes those of ``KNOWN_PARAMETERS`` that are there;
    all other numbers of the file are results. ``given`` sets parameters by hand, before table and
    file.
    """

    fields: tuple[str, ...] | None = None
    parameters: tuple[str, ...] | None = None
    given: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    time: float | None = None  # OpenFOAM only; None is the last one

    def as_document(self) -> dict[str, object]:
        """The options as JSON, in an order of their own."""
        return {
            "fields": self.fields,
            "parameters": self.parameters,
            "given": dict(sorted(self.given.items())),
            "units": dict(sorted(self.units.items())),
            "time": self.time,
        }


def read_cases(
    source: str | Path | Sequence[str | Path], options: ReadOptions | None = None
) -> list[MeshCase]:
    """All cases of a folder, a file or several of these, ordered by name."""
    return [read_case(case, options) for case in find_cases(source)]


def read_case(source: str | Path | CaseFile, options: ReadOptions | None = None) -> MeshCase:
    """One case from a mesh file or an OpenFOAM case folder.

    Raises ``DataError``, naming the file, the array and what was expected, when it cannot be used.
    """
    options = options or ReadOptions()
    file = source if isinstance(source, CaseFile) else _only_case(source)
    if not is_openfoam_case(file.path):
        return case_from_dataset(open_mesh(file.path), options, file=file)
    dataset, units = open_openfoam(file.path, fields=options.fields, time=options.time)
    return case_from_dataset(dataset, options, file=file, units=units)


def case_from_dataset(
    dataset: pv.DataSet,
    options: ReadOptions | None = None,
    *,
    file: CaseFile | None = None,
    units: Mapping[str, str] | None = None,
) -> MeshCase:
    """A case from a PyVista data set in memory; ``file`` adds its name, split and table row.

    8-bit point arrays of only 0 and 1 are boundary tags; the one called ``wall`` marks the body.
    """
    options = options or ReadOptions()
    name = file.name if file else "mesh"
    where = str(file.path) if file else name
    if dataset.n_points == 0 or dataset.n_cells == 0:
        raise DataError(
            f"{where}: expected points joined by cells; "
            f"got {dataset.n_points} points and {dataset.n_cells} cells"
        )
    points = _positions(dataset, where)
    try:
        edges = cell_edges(dataset)
    except DataError as error:
        raise DataError(f"{where}: {error}") from error
    boundaries = _boundary_tags(dataset)
    on_wall = boundaries.get("wall")
    flat = points.shape[1] == 2
    wall = plane_wall(points, edges, on_wall) if flat else space_wall(points, dataset, on_wall)
    parameters, results = _numbers(dataset, file, options)
    return MeshCase(
        name=name,
        dataset=dataset,
        points=points,
        edges=edges.unique(dataset.n_points),
        wall=wall,
        fields=_fields(dataset, options.fields, where, flat=flat),
        boundaries=boundaries,
        parameters=parameters,
        results=results,
        units={**_units(dataset), **(units or {}), **options.units},
        split=file.split if file else None,
        path=file.path if file else None,
        wall_path=file.wall_path if file else None,
    )


def _only_case(source: str | Path) -> CaseFile:
    found = find_cases(source)
    if len(found) != 1:
        raise DataError(f"{source}: expected one case; it holds {len(found)}, name the one wanted")
    return found[0]


def _positions(dataset: pv.DataSet, where: str) -> Float[np.ndarray, "points space"]:
    points = np.asarray(dataset.points, dtype=np.float64)
    _check_finite(points, "the point coordinates", where)
    extents = np.ptp(points, axis=0)
    return points[:, :2].copy() if extents[2] <= FLATNESS * extents.max() else points


def _boundary_tags(dataset: pv.DataSet) -> dict[str, Bool[np.ndarray, " points"]]:
    tags = {}
    for name in dataset.point_data:
        values = np.asarray(dataset.point_data[name])
        is_flag = values.dtype in (np.bool_, np.uint8, np.int8) and values.ndim == 1
        if is_flag and np.isin(values, (0, 1)).all():
            tags[name] = values.astype(bool)
    return tags


def _fields(
    dataset: pv.DataSet, names: Sequence[str] | None, where: str, *, flat: bool
) -> dict[str, Float[np.ndarray, "points components"]]:
    available = _numeric_arrays(dataset)
    averaged = None
    fields = {}
    for name in available if names is None else names:
        if name not in available:
            raise DataError(
                f"{where}: expected a field {name!r}; the file has "
                f"{', '.join(available) or 'none'}{nearest_name(name, available)}"
            )
        if name not in dataset.point_data:
            logger.info("%s: field %r lies in the cells, averaged to the points", where, name)
            averaged = averaged or dataset.cell_data_to_point_data()
        holder = dataset if averaged is None or name in dataset.point_data else averaged
        values = np.asarray(holder.point_data[name], dtype=np.float64)
        values = values.reshape(dataset.n_points, -1)
        _check_finite(values, f"field {name!r}", where)
        fields[name] = _in_plane(values, name, where) if flat else values
    return fields


def _numeric_arrays(dataset: pv.DataSet) -> list[str]:
    """Names of floating-point arrays, those at the points first, each once."""
    names = [
        name
        for data in (dataset.point_data, dataset.cell_data)
        for name in data
        if np.issubdtype(np.asarray(data[name]).dtype, np.floating)
    ]
    return list(dict.fromkeys(names))


def _in_plane(values: np.ndarray, name: str, where: str) -> np.ndarray:
    """Drop the third component of a vector in a 2-D mesh, where it must be zero."""
    if values.shape[1] != 3:
        return values
    largest = np.abs(values).max(initial=0.0)
    out_of_plane = np.abs(values[:, 2]).max(initial=0.0)
    if out_of_plane > OUT_OF_PLANE * largest:
        raise DataError(
            f"{where}: the mesh is flat in z, so the z component of {name!r} must be zero; "
            f"it reaches {out_of_plane:.3g} where the field reaches {largest:.3g}"
        )
    return values[:, :2].copy()


def _check_finite(values: np.ndarray, what: str, where: str) -> None:
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if bad.size:
        raise DataError(
            f"{where}: {what} must be finite; {bad.size} of {len(values)} points hold NaN or "
            f"infinity, the first is point {bad[0]}"
        )


def _numbers(
    dataset: pv.DataSet, file: CaseFile | None, options: ReadOptions
) -> tuple[dict[str, float], dict[str, float]]:
    """Parameters and results: what was given by hand beats the table, and that the file's own."""
    numbers = {}
    for name in dataset.field_data:
        values = np.asarray(dataset.field_data[name])
        if values.size == 1 and np.issubdtype(values.dtype, np.number):
            numbers[name] = float(values.reshape(-1)[0])
    numbers.update(file.numbers if file else {})
    numbers.update(options.given)
    wanted = options.parameters
    if wanted is None:
        wanted = (*(name for name in KNOWN_PARAMETERS if name in numbers), *options.given)
    parameters = {name: numbers[name] for name in dict.fromkeys(wanted) if name in numbers}
    results = {name: value for name, value in numbers.items() if name not in parameters}
    return parameters, results


def _units(dataset: pv.DataSet) -> dict[str, str]:
    """Units from the string array ``units`` of the field data, entries such as ``p: m2/s2``."""
    if "units" not in dataset.field_data:
        return {}
    entries = [str(entry).partition(":") for entry in dataset.field_data["units"]]
    return {name.strip(): unit.strip() for name, _, unit in entries}
