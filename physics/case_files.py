"""Finding the cases of a folder and what its ``cases.csv`` says about them."""

import csv
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from graphformers.errors import DataError
from graphformers.physics.mesh_file import MESH_SUFFIXES
from graphformers.physics.readers.case_file import SPLITS, CaseFile
from graphformers.physics.readers.openfoam_files import is_openfoam_case
from graphformers.physics.readers.registry import READERS, find_reader

TABLE_NAME = "cases.csv"
WALL_SUFFIX = "_wall"

__all__ = ["CaseFile", "find_cases", "is_openfoam_case"]


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


def chosen_case(cases: Sequence[CaseFile], part: str | None, source: object) -> CaseFile:
    """The one of the cases of a source; with a ``part``, that of the cases in a file."""
    found = [case for case in cases if part is None or case.part == part]
    if len(found) != 1:
        raise DataError(f"{source}: expected one case; it holds {len(found)}, name the one wanted")
    return found[0]


def _cases_at(path: Path) -> list[CaseFile]:
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    reader = find_reader(path)
    if reader is None and path.is_dir():
        return _cases_in_folder(path)
    rows = _read_table(path.parent / TABLE_NAME)
    cases = reader.cases(path) if reader else [CaseFile(name=path.stem, path=path)]
    return [_with_row(case, rows.get(case.name, {})) for case in cases]


def _cases_in_folder(folder: Path) -> list[CaseFile]:
    readers = {path: find_reader(path) for path in sorted(folder.iterdir())}
    known = {path: reader for path, reader in readers.items() if reader is not None}
    pieces = {piece for path, reader in known.items() for piece in reader.pieces(path)}
    pieces |= {path for path in known if _is_companion(path)}
    cases = [
        case for path, reader in known.items() if path not in pieces for case in reader.cases(path)
    ]
    if not cases:
        kinds = "; ".join(f"{reader.name} ({reader.expects})" for reader in READERS)
        raise DataError(f"{folder}: no cases here; expected one of {kinds}")
    rows = _read_table(folder / TABLE_NAME)
    missing = sorted(rows.keys() - {case.name for case in cases})
    if missing:
        raise DataError(
            f"{folder / TABLE_NAME} lists {len(missing)} cases without a file, "
            f"the first is {missing[0]!r}"
        )
    return [_with_row(case, rows.get(case.name, {})) for case in cases]


def _is_companion(path: Path) -> bool:
    """A wall surface beside its case."""
    return path.stem.endswith(WALL_SUFFIX) and any(
        path.with_name(path.stem.removesuffix(WALL_SUFFIX) + suffix).exists()
        for suffix in MESH_SUFFIXES
    )


def _with_row(case: CaseFile, row: Mapping[str, str]) -> CaseFile:
    """The case with the wall surface beside it and what its row of the table says."""
    wall_path = case.path.with_name(f"{case.name}{WALL_SUFFIX}.vtp")
    split = row.get("split") or case.split
    if split is not None and split not in SPLITS:
        raise DataError(
            f"case {case.name!r}: split must be one of {', '.join(SPLITS)}; got {split!r}"
        )
    table = _numbers({key: text for key, text in row.items() if key not in ("case", "split")})
    return dataclasses.replace(
        case,
        wall_path=wall_path if wall_path.is_file() else case.wall_path,
        split=split,
        numbers={**case.numbers, **table},
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
