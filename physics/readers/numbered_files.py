"""A solution over time as one mesh file for every step, numbered in their names or listed in a PVD.

A file's time is its field data ``TimeValue``; without it, its number times
``ReadOptions.step_seconds``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyvista as pv
from jaxtyping import Float

from graphformers.errors import DataError
from graphformers.physics.mesh_file import MESH_SUFFIXES, open_mesh
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.point_fields import field_names, point_fields, wanted_names
from graphformers.physics.readers.reader import OpenedMesh, OpenedSeries, PointFields, Reader
from graphformers.physics.readers.steps import ascending, chosen_step

NUMBER = re.compile(r"^(?P<name>.*?)[._-]?(?P<number>\d+)$")
TIME_NAME = "TimeValue"
SAME_PLACE = 1e-6  # share of the mesh's extent by which points may move between the steps


@dataclass(frozen=True, eq=False, kw_only=True)
class FileSteps:
    """Reads the fields of one file of a series, whose mesh must be that of the first."""

    files: tuple[Path, ...]
    names: tuple[str, ...]
    points: Float[np.ndarray, "points 3"]  # of the first file

    def __call__(self, step: int) -> PointFields:
        """Fields of the file with this place in the series."""
        dataset = open_mesh(self.files[step], self.names)
        _check_same_points(np.asarray(dataset.points), self.points, self.files[step])
        return point_fields(dataset, self.names, str(self.files[step]))


def numbered_files(source: str | Path | Sequence[str | Path]) -> list[Path]:
    """Mesh files of one name with different numbers, in order; none when there is another file.

    ``source`` is a list of them or the folder they lie in.
    """
    if isinstance(source, str | Path):
        folder = Path(source)
        paths = sorted(folder.iterdir()) if folder.is_dir() else []
    else:
        paths = [Path(one) for one in source]
    paths = [path for path in paths if path.suffix.lower() in MESH_SUFFIXES]
    matches = [NUMBER.match(path.stem) for path in paths]
    numbered = [(m["name"], int(m["number"])) for m in matches if m]
    if len(paths) < 2 or len(numbered) < len(paths):
        return []
    if len({(name, path.suffix) for (name, _), path in zip(numbered, paths, strict=True)}) > 1:
        return []
    return [path for _, path in sorted(zip(numbered, paths, strict=True))]


def numbered_case(files: Sequence[Path]) -> CaseFile:
    """The series as a case, called what its files are called before their numbers."""
    match = NUMBER.match(files[0].stem)
    name = match["name"] if match else ""
    return CaseFile(name=name or files[0].parent.name, path=files[0])


def open_numbered(files: Sequence[Path], options: ReadOptions) -> OpenedSeries:
    """The series of files that are numbered in their names."""
    numbers = [int(match["number"]) for file in files if (match := NUMBER.match(file.stem))]
    times = [number * options.step_seconds for number in numbers]
    if _stated_time(open_mesh(files[0], ())) is not None:
        times = [_stated_time(open_mesh(file, ())) or 0.0 for file in files]
    return _open(files, times, options)


def _open(files: Sequence[Path], times: Sequence[float], options: ReadOptions) -> OpenedSeries:
    where = str(files[0])
    first = open_mesh(files[0], options.wanted)
    names = wanted_names(
        field_names(first), options.wanted, where, skip_missing=options.skip_missing
    )
    return OpenedSeries(
        mesh=OpenedMesh(dataset=first),
        times=ascending(times, where),
        field_names=tuple(names),
        read_step=FileSteps(
            files=tuple(files), names=tuple(names), points=np.asarray(first.points)
        ),
    )


def _stated_time(dataset: pv.DataSet) -> float | None:
    if TIME_NAME not in dataset.field_data:
        return None
    return float(np.asarray(dataset.field_data[TIME_NAME]).reshape(-1)[0])


def _check_same_points(points: np.ndarray, first: np.ndarray, path: Path) -> None:
    if len(points) != len(first):
        raise DataError(
            f"{path}: the mesh of a series must stay the same; it has {len(points)} points, "
            f"the first file has {len(first)}"
        )
    moved = np.abs(points - first).max(initial=0.0)
    if moved > SAME_PLACE * np.ptp(first, axis=0).max(initial=0.0):
        raise DataError(
            f"{path}: the mesh of a series must stay the same; "
            f"points move by up to {moved:.3g} from the first file"
        )


def _recognises(path: Path) -> bool:
    return path.suffix.lower() == ".pvd"


def _listed(path: Path) -> tuple[list[Path], list[float]]:
    """Files and times of a ParaView collection, in the order of time."""
    try:
        entries = ElementTree.parse(path).iter("DataSet")
        steps = sorted(
            (float(entry.get("timestep", "0")), path.parent / entry.get("file", ""))
            for entry in entries
        )
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError(f"{path}: the collection cannot be read ({error})") from error
    if not steps:
        raise DataError(f"{path}: the collection lists no file")
    for time, same in groupby(steps, key=lambda step: step[0]):
        if len(list(same)) > 1:
            raise DataError(f"{path}: expected one file for every time; there are more at {time:g}")
    return [file for _, file in steps], [time for time, _ in steps]


def _read(file: CaseFile, options: ReadOptions) -> OpenedMesh:
    files, times = _listed(file.path)
    step = chosen_step(times, options.time, file.where)
    return OpenedMesh(dataset=open_mesh(files[step], options.wanted))


def _open_series(file: CaseFile, options: ReadOptions) -> OpenedSeries:
    return _open(*_listed(file.path), options)


COLLECTION = Reader(
    name="ParaView collection",
    expects=".pvd with one mesh file for every time",
    recognises=_recognises,
    read=_read,
    pieces=lambda path: _listed(path)[0],
    open_series=_open_series,
)
