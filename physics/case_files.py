"""Finding the cases of a folder and what its ``cases.csv`` says about them."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graphformers.errors import DataError
from graphformers.physics.mesh_file import MESH_SUFFIXES

TABLE_NAME = "cases.csv"
WALL_SUFFIX = "_wall"
SPLITS = ("train", "val", "test")


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """Where one case lies and what its row of ``cases.csv`` says."""

    name: str
    path: Path  # a mesh file or the folder of an OpenFOAM case
    wall_path: Path | None = None  # the surface beside it, ``<name>_wall.vtp``
    split: str | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)  # numeric columns of the table


def find_cases(source: str | Path | Sequence[str | Path]) -> list[CaseFile]:
    """Cases of a folder, one file, one OpenFOAM case, or several of these, ordered by name.

    A folder's ``cases.csv`` (columns ``case``, optionally ``split``, and numbers) describes its
    cases. Files named ``<case>_wall.vtp`` belong to their case and are none of their own.

    Raises ``DataError`` for a folder without cases, a table row without its file or a name used
    twice.
    """
    sources = [source] if isinstance(source, str | Path) else list(source)
    found = [case for one in sources for case in _cases_at(Path(one))]
    if not found:
        raise DataError("no mesh cases were given")
    first: dict[str, CaseFile] = {}
    for case in found:
        if case.name in first:
            raise DataError(
                f"two cases are called {case.name!r}: {first[case.name].path} and {case.path}"
            )
        first[case.name] = case
    return sorted(found, key=lambda case: case.name)


def is_openfoam_case(path: Path) -> bool:
    """A folder with a mesh in OpenFOAM's layout."""
    return (path / "constant" / "polyMesh").is_dir()


def _cases_at(path: Path) -> list[CaseFile]:
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if path.is_dir() and not is_openfoam_case(path):
        return _cases_in_folder(path)
    rows = _read_table(path.parent / TABLE_NAME)
    return [_case_file(path, rows.get(_case_name(path), {}))]


def _cases_in_folder(folder: Path) -> list[CaseFile]:
    paths = [path for path in sorted(folder.iterdir()) if _is_case(path)]
    if not paths:
        raise DataError(
            f"{folder}: no cases here; expected mesh files ({', '.join(MESH_SUFFIXES)}) "
            "or folders of OpenFOAM cases"
        )
    rows = _read_table(folder / TABLE_NAME)
    missing = sorted(rows.keys() - {_case_name(path) for path in paths})
    if missing:
        raise DataError(
            f"{folder / TABLE_NAME} lists {len(missing)} cases without a file, "
            f"the first is {missing[0]!r}"
        )
    return [_case_file(path, rows.get(_case_name(path), {})) for path in paths]


def _is_case(path: Path) -> bool:
    if path.is_dir():
        return is_openfoam_case(path)
    is_companion = path.stem.endswith(WALL_SUFFIX) and any(
        path.with_name(path.stem.removesuffix(WALL_SUFFIX) + suffix).exists()
        for suffix in MESH_SUFFIXES
    )
    return path.suffix.lower() in MESH_SUFFIXES and not is_companion


def _case_name(path: Path) -> str:
    return path.name if path.is_dir() else path.stem


def _case_file(path: Path, row: Mapping[str, str]) -> CaseFile:
    name = _case_name(path)
    wall_path = path.with_name(f"{name}{WALL_SUFFIX}.vtp")
    split = row.get("split") or None
    if split is not None and split not in SPLITS:
        raise DataError(f"case {name!r}: split must be one of {', '.join(SPLITS)}; got {split!r}")
    return CaseFile(
        name=name,
        path=path,
        wall_path=wall_path if wall_path.is_file() else None,
        split=split,
        numbers=_numbers({key: text for key, text in row.items() if key not in ("case", "split")}),
    )


def _numbers(row: Mapping[str, str]) -> dict[str, float]:
    numbers = {}
    for column, text in row.items():
        try:
            numbers[column] = float(text)
        except ValueError:
            continue  # a column of words, such as the name of the outline
    return numbers


def _read_table(path: Path) -> dict[str, dict[str, str]]:
    """Rows of a ``cases.csv`` by case name; no table, no rows."""
    if not path.is_file():
        return {}
    rows: dict[str, dict[str, str]] = {}
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        if "case" not in (reader.fieldnames or ()):
            raise DataError(f"{path}: expected a column 'case'; got {reader.fieldnames}")
        for row in reader:
            if None in row or None in row.values():
                raise DataError(f"{path}: line {reader.line_num} has another number of columns")
            if row["case"] in rows:
                raise DataError(f"{path}: line {reader.line_num} repeats case {row['case']!r}")
            rows[row["case"]] = row
    return rows
