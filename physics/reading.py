"""From files and folders to mesh cases, and to solutions over time."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyvista as pv
from jaxtyping import Float

from graphformers.errors import DataError
from graphformers.physics.case_files import chosen_case, find_cases
from graphformers.physics.edges import cell_edges
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.mesh_series import MeshSeries
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.numbered_files import (
    numbered_case,
    numbered_files,
    open_numbered,
)
from graphformers.physics.readers.point_fields import (
    check_finite,
    checked_fields,
    point_fields,
    wanted_names,
)
from graphformers.physics.readers.quality import warn_of_bad_cells, warn_of_open_surface
from graphformers.physics.readers.reader import OpenedMesh, OpenedSeries
from graphformers.physics.readers.registry import reader_of
from graphformers.physics.readers.steps import CheckedSteps
from graphformers.physics.readers.tags import WALL, boundary_tags, check_node_types, node_types_of
from graphformers.physics.wall import plane_wall, space_wall

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

Source = str | Path | Sequence[str | Path]


def read_cases(source: Source, options: ReadOptions | None = None) -> list[MeshCase]:
    """All cases of a folder, a file or several of these, ordered by name."""
    return list(iter_cases(source, options))


def iter_cases(source: Source, options: ReadOptions | None = None) -> Iterator[MeshCase]:
    """The cases of ``read_cases`` one after the other; none is kept."""
    for file in find_cases(source):
        yield read_case(file, options)


def read_case(source: str | Path | CaseFile, options: ReadOptions | None = None) -> MeshCase:
    """One case of any format there is a reader for; of a solution over time, one step.

    Raises ``DataError``, naming the file, the array and what was expected, when it cannot be used.
    """
    options = options or ReadOptions()
    file = source if isinstance(source, CaseFile) else chosen_case(find_cases(source), None, source)
    reader = reader_of(file.path)
    if options.time is not None and reader.open_series is None:
        raise DataError(f"{file.where}: there is no time {options.time:g}; it holds one time only")
    return _case_of(reader.read(file, options), options, file)


def read_series(source: Source | CaseFile, options: ReadOptions | None = None) -> MeshSeries:
    """A solution over time: its mesh now, its fields one step at a time when they are asked for.

    ``source`` is one case of a format that keeps several times, or files of one time each, numbered
    in their names: a list of them, or their folder.

    Raises ``DataError`` when there is only one time, or more than one case.
    """
    options = options or ReadOptions()
    file, opened = _open_series(source, options)
    mesh = _case_of(opened.mesh, dataclasses.replace(options, fields=()), file)
    types = opened.node_types
    if types is None:
        types = node_types_of(mesh.boundaries, mesh.wall.point_ids, mesh.num_points)
    return MeshSeries(
        mesh=mesh,
        times=opened.times,
        node_types=check_node_types(types, file.where),
        read_step=CheckedSteps(
            read=opened.read_step,
            names=opened.field_names,
            times=opened.times,
            num_points=mesh.num_points,
            flat=mesh.space == 2,
            where=file.where,
        ),
    )


def iter_series(source: Source, options: ReadOptions | None = None) -> Iterator[MeshSeries]:
    """The solutions over time of a file or folder that holds several; none is kept."""
    for file in find_cases(source):
        yield read_series(file, options)


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
    return _case_of(OpenedMesh(dataset=dataset, units=units or {}), options or ReadOptions(), file)


def _case_of(opened: OpenedMesh, options: ReadOptions, file: CaseFile | None) -> MeshCase:
    name = file.name if file else "mesh"
    where = file.where if file else name
    dataset = _scaled(opened.dataset, options.scale)
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
    warn_of_bad_cells(dataset, where)
    if file and file.path.suffix.lower() == ".stl":
        warn_of_open_surface(edges, dataset.n_points, where)
    boundaries = boundary_tags(dataset, options.walls, where)
    on_wall = boundaries.get(WALL)
    flat = points.shape[1] == 2
    found = point_fields(dataset, options.wanted, where, skip_missing=options.skip_missing)
    found = checked_fields(found, where, flat=flat)
    wanted_names(list(found), options.inputs, where)
    parameters, results = _numbers(dataset, file, options)
    return MeshCase(
        name=name,
        dataset=dataset,
        points=points,
        edges=edges.unique(dataset.n_points),
        wall=plane_wall(points, edges, on_wall) if flat else space_wall(points, dataset, on_wall),
        fields={name: values for name, values in found.items() if name not in options.inputs},
        inputs={name: found[name] for name in options.inputs},
        boundaries=boundaries,
        parameters=parameters,
        results=results,
        units={**_units(dataset), **opened.units, **options.units},
        split=file.split if file else None,
        path=file.path if file else None,
        part=file.part if file else None,
        wall_path=opened.wall_path or (file.wall_path if file else None),
    )


def _open_series(source: Source | CaseFile, options: ReadOptions) -> tuple[CaseFile, OpenedSeries]:
    numbered = None if isinstance(source, CaseFile) else numbered_files(source)
    if numbered:
        return numbered_case(numbered), open_numbered(numbered, options)
    file = source if isinstance(source, CaseFile) else chosen_case(find_cases(source), None, source)
    reader = reader_of(file.path)
    if reader.open_series is None:
        raise DataError(
            f"{file.where}: expected a solution over time; a {reader.name} holds one time only"
        )
    return file, reader.open_series(file, options)


def _scaled(dataset: pv.DataSet, scale: float) -> pv.DataSet:
    return dataset if scale == 1.0 else dataset.scale(scale, inplace=False)


def _positions(dataset: pv.DataSet, where: str) -> Float[np.ndarray, "points space"]:
    points = np.asarray(dataset.points, dtype=np.float64)
    check_finite(points, "the point coordinates", where)
    extents = np.ptp(points, axis=0)
    return points[:, :2].copy() if extents[2] <= FLATNESS * extents.max() else points


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
        known = (*KNOWN_PARAMETERS, *(file.inputs if file else ()))
        wanted = (*(name for name in known if name in numbers), *options.given)
    parameters = {name: numbers[name] for name in dict.fromkeys(wanted) if name in numbers}
    results = {name: value for name, value in numbers.items() if name not in parameters}
    return parameters, results


def _units(dataset: pv.DataSet) -> dict[str, str]:
    """Units from the string array ``units`` of the field data, entries such as ``p: m2/s2``."""
    if "units" not in dataset.field_data:
        return {}
    entries = [str(entry).partition(":") for entry in dataset.field_data["units"]]
    return {name.strip(): unit.strip() for name, _, unit in entries}
