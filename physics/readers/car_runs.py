"""DrivAerML, AhmedML and WindsorML: a folder ``run_<i>`` for every shape of a car.

``boundary_<i>.vtp`` (or ``.vtu``) is the body, ``volume_<i>.vtu`` the flow around it. Forces and
shape parameters stand in tables of the run, ``force_mom_<i>.csv`` and ``geo_parameters_<i>.csv``,
or of all runs beside the folders, ``force_mom_all.csv`` and ``geo_parameters_all.csv``; the shape
parameters are inputs. ``manifest.json`` there, or in ``splits``, gives the split of the regime
"full".
"""

import csv
import logging
import re
from collections.abc import Mapping
from pathlib import Path

from graphformers.errors import DataError
from graphformers.physics.mesh_file import open_mesh
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.blocks import add_tags
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.manifest import manifest_splits
from graphformers.physics.readers.reader import OpenedMesh, Reader
from graphformers.physics.readers.tags import WALL

logger = logging.getLogger(__name__)

RUN = re.compile(r"^run_(\d+)$")
RUN_COLUMN = "run"
SHAPE_TABLE = "geo_parameters"
TABLES = ("force_mom", "geo_ref", SHAPE_TABLE)
UNITS = {  # incompressible flow: pressure and stress are divided by the density
    "pMeanTrim": "m2/s2",
    "pMean": "m2/s2",
    "wallShearStressMeanTrim": "m2/s2",
    "wallShearStressMean": "m2/s2",
    "UMeanTrim": "m/s",
    "UMean": "m/s",
    "nutMeanTrim": "m2/s",
}


def _recognises(path: Path) -> bool:
    return _is_run(path) or any(map(_is_run, path.glob("run_*")))


def _is_run(path: Path) -> bool:
    return RUN.match(path.name) is not None and bool(_boundary(path) or _volume(path))


def _boundary(run: Path) -> Path | None:
    return _first(run / f"boundary_{_number(run)}{suffix}" for suffix in (".vtp", ".vtu"))


def _volume(run: Path) -> Path | None:
    return _first([run / f"volume_{_number(run)}.vtu"])


def _first(paths) -> Path | None:
    return next((path for path in paths if path.is_file()), None)


def _number(run: Path) -> int:
    match = RUN.match(run.name)
    return int(match[1]) if match else -1


def _cases(path: Path) -> list[CaseFile]:
    root = path.parent if _is_run(path) else path
    runs = [path] if _is_run(path) else sorted(root.glob("run_*"), key=_number)
    without = [run.name for run in runs if not _is_run(run)]
    if without:
        logger.warning(
            "%s: %d runs have no mesh and are left out: %s", root, len(without), ", ".join(without)
        )
    tables = {name: _rows(root / f"{name}_all.csv") for name in TABLES}
    splits = manifest_splits(root / "manifest.json") or manifest_splits(
        root / "splits" / "manifest.json"
    )
    return [_case(run, tables, splits.get(run.name)) for run in runs if _is_run(run)]


def _case(
    run: Path, tables: Mapping[str, dict[int, dict[str, float]]], split: str | None
) -> CaseFile:
    number = _number(run)
    rows = {}
    for name in TABLES:
        own = _rows(run / f"{name}_{number}.csv")
        rows[name] = {**tables[name].get(number, {}), **next(iter(own.values()), {})}
    return CaseFile(
        name=run.name,
        path=run,
        split=split,
        numbers={name: value for row in rows.values() for name, value in row.items()},
        inputs=tuple(rows[SHAPE_TABLE]),
    )


def _rows(path: Path) -> dict[int, dict[str, float]]:
    """Rows of a table by run, or by line where there is no such column; no file, no rows.

    Blanks around the names of columns, which these tables have, are taken away.
    """
    if not path.is_file():
        return {}
    rows: dict[int, dict[str, float]] = {}
    with path.open(newline="", encoding="utf-8-sig") as stream:
        for number, line in enumerate(csv.DictReader(stream, skipinitialspace=True)):
            try:
                row = {name.strip(): float(text) for name, text in line.items()}
            except (AttributeError, TypeError, ValueError) as error:
                raise DataError(
                    f"{path}: line {number + 2} must hold a number in every column ({error})"
                ) from error
            rows[int(row.pop(RUN_COLUMN, number))] = row
    return rows


def _read(file: CaseFile, options: ReadOptions) -> OpenedMesh:
    boundary, volume = _boundary(file.path), _volume(file.path)
    if options.region != "volume":
        if boundary is None:
            raise DataError(f"{file.where}: expected boundary_{_number(file.path)}.vtp or .vtu")
        return OpenedMesh(dataset=open_mesh(boundary, options.wanted), units=UNITS)
    if volume is None:
        raise DataError(
            f"{file.where}: expected volume_{_number(file.path)}.vtu; join its parts "
            "(.00.part, .01.part, ...) in this order first"
        )
    mesh = open_mesh(volume, options.wanted)
    if boundary is not None:
        add_tags(mesh, {WALL: open_mesh(boundary, ())}, file.where)
    return OpenedMesh(dataset=mesh, units=UNITS, wall_path=boundary)


CAR_RUNS = Reader(
    name="run of DrivAerML, AhmedML or WindsorML",
    expects="a folder run_<i> with boundary_<i>.vtp or volume_<i>.vtu",
    recognises=_recognises,
    read=_read,
    cases=_cases,
)
