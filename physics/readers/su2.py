"""SU2: a mesh as text, and beside it solutions as CSV or as binary restart files.

Markers become tags. Every ``.csv`` or ``.dat`` file of the folder with a value for each point of
the mesh is a case of its own, called ``<mesh>_<solution>``; without one the mesh is a case.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.point_fields import wanted_names
from graphformers.physics.readers.reader import OpenedMesh, Reader

COORDINATES = ("PointID", "x", "y", "z")
RESTART_MARK = 535532  # first number of a binary restart file
NAME_BYTES = 33
SIZES = {3: 2, 5: 3, 9: 4, 10: 4, 12: 8, 13: 6, 14: 5}  # VTK's numbers of cells, and their corners


def _cases(path: Path) -> list[CaseFile]:
    solutions = [
        one
        for one in sorted(path.parent.iterdir())
        if (one.suffix == ".csv" and _has_points(one))
        or (one.suffix == ".dat" and _is_restart(one))
    ]
    if not solutions:
        return [CaseFile(name=path.stem, path=path)]
    return [CaseFile(name=f"{path.stem}_{one.stem}", path=path, part=one.name) for one in solutions]


def _read(file: CaseFile, options: ReadOptions) -> OpenedMesh:
    mesh = read_su2_mesh(file.path)
    if file.part is None:
        return OpenedMesh(dataset=mesh)
    solution = file.path.with_name(file.part)
    fields = _table(solution) if solution.suffix == ".csv" else _restart(solution)
    names = [name for name in fields if name not in COORDINATES]
    for name in wanted_names(names, options.wanted, file.where, skip_missing=options.skip_missing):
        if len(fields[name]) != mesh.n_points:
            raise DataError(
                f"{file.where}: expected a value at each of {mesh.n_points} points; "
                f"there are {len(fields[name])}"
            )
        mesh.point_data[name] = fields[name]
    return OpenedMesh(dataset=mesh)


def read_su2_mesh(path: Path) -> pv.UnstructuredGrid:
    """Points and cells, with a tag for every marker. Raises ``DataError`` for a damaged file."""
    try:
        return _parse(path)
    except (LookupError, ValueError) as error:
        raise DataError(
            f"{path}: the SU2 mesh cannot be read, is it truncated? ({error})"
        ) from error


def _parse(path: Path) -> pv.UnstructuredGrid:
    cells: list[list[int]] = []
    points = np.zeros((0, 3))
    markers: dict[str, list[int]] = {}
    dimension, num_markers, marker = 0, -1, ""
    with path.open(encoding="utf-8") as stream:
        lines = (line.partition("%")[0].strip() for line in stream)
        lines = (line for line in lines if line)
        for line in lines:
            keyword, _, value = (part.strip() for part in line.partition("="))
            if keyword == "NDIME":
                dimension = int(value)
            elif keyword == "NELEM":
                cells = list(_elements(lines, int(value)))
            elif keyword == "NPOIN":
                points = _points(lines, int(value.split()[0]), dimension)
            elif keyword == "NMARK":
                num_markers = int(value)
            elif keyword == "MARKER_TAG":
                marker = value
            elif keyword == "MARKER_ELEMS":
                elements = _elements(lines, int(value))
                markers[marker] = [corner for _, *corners in elements for corner in corners]
    if len(markers) != num_markers:
        raise ValueError(f"{len(markers)} of {num_markers} markers")
    mesh = _grid(cells, points)
    for name, corners in markers.items():
        tag = np.zeros(len(points), dtype=np.uint8)
        tag[corners] = 1
        mesh.point_data[name] = tag
    return mesh


def _elements(lines: Iterator[str], count: int) -> Iterator[list[int]]:
    """Kind and corners of every element, without its own number at the end of the line."""
    for _ in range(count):
        kind, *numbers = (int(number) for number in next(lines, "-1").split())
        if kind not in SIZES or len(numbers) < SIZES[kind]:
            raise ValueError(f"an element of kind {kind} and points {numbers}")
        yield [kind, *numbers[: SIZES[kind]]]


def _points(lines: Iterator[str], count: int, dimension: int) -> np.ndarray:
    points = np.zeros((count, 3))
    for row in points:
        row[:dimension] = [float(number) for number in next(lines, "").split()[:dimension]]
    return points


def _grid(cells: list[list[int]], points: np.ndarray) -> pv.UnstructuredGrid:
    kinds = np.asarray([kind for kind, *_ in cells], dtype=np.uint8)
    numbers = [number for _, *corners in cells for number in (len(corners), *corners)]
    return pv.UnstructuredGrid(np.asarray(numbers, dtype=np.int64), kinds, points)


def _has_points(path: Path) -> bool:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return "PointID" in next(csv.reader(stream), [])


def _table(path: Path) -> dict[str, np.ndarray]:
    """Columns of a solution; its rows may end with a comma that the header has not."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        header, *rows = csv.reader(stream, skipinitialspace=True)
    names = [name.strip() for name in header if name.strip()]
    try:
        values = np.asarray([row[: len(names)] for row in rows], dtype=np.float64)
    except ValueError as error:
        raise DataError(f"{path}: expected {len(names)} numbers in every row ({error})") from error
    return dict(zip(names, values.reshape(-1, len(names)).T, strict=True))


def _is_restart(path: Path) -> bool:
    with path.open("rb") as stream:
        start = np.frombuffer(stream.read(4), dtype="<i4")
    return start.size == 1 and int(start[0]) == RESTART_MARK


def _restart(path: Path) -> dict[str, np.ndarray]:
    content = path.read_bytes()
    _, num_fields, num_points = np.frombuffer(content[:12], dtype="<i4").tolist()
    first = 20 + NAME_BYTES * num_fields
    names = [
        content[start : start + NAME_BYTES].split(b"\0")[0].decode()
        for start in range(20, first, NAME_BYTES)
    ]
    stop = first + 8 * num_fields * num_points
    if len(content) < stop:
        raise DataError(f"{path}: truncated; the header promises {num_points} points")
    values = np.frombuffer(content[first:stop], dtype="<f8").reshape(num_points, num_fields)
    return dict(zip(names, values.T, strict=True))


SU2 = Reader(
    name="SU2 mesh",
    expects=".su2, with solutions as .csv or .dat beside it",
    recognises=lambda path: path.suffix.lower() == ".su2" and not path.is_dir(),
    read=_read,
    cases=_cases,
)
