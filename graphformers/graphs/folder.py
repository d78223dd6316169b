"""A folder of graphs: one file per graph, and ``graphs.csv`` that lists them."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from graphformers.errors import DataError, nearest_name
from graphformers.graphs.from_data import from_data
from graphformers.graphs.graph_files import read_graph
from graphformers.graphs.graph_set import GraphSet, Targets
from graphformers.tasks import column_split

TABLE = "graphs.csv"
FILE = "file"
SPLIT = "split"


def read_graph_folder(
    folder: str | Path, *, target_columns: Sequence[str] | None = None
) -> GraphSet:
    """Read the graphs that ``graphs.csv`` lists.

    Its column ``file`` holds paths inside the folder (see ``read_graph`` for the formats), its
    column ``split`` says train, valid or test where there is one. All other columns are targets,
    or those named: numbers, or text for classes; an empty cell is missing. Without a column of
    targets, they are what the files hold as ``y``. Raises ``DataError`` naming file and row.
    """
    folder = Path(folder)
    rows = _read_table(folder / TABLE)
    known = list(rows[0])
    wanted = list(target_columns or [name for name in known if name not in (FILE, SPLIT)])
    for name in wanted:
        if name not in known:
            hint = nearest_name(name, known)
            raise DataError(f"{folder / TABLE} has no column {name!r}{hint}")
    names = [row[FILE] for row in rows]
    found = from_data([read_graph(_inside(folder, name)) for name in names], names=names)
    if wanted:
        columns = [[row[name].strip() for row in rows] for name in wanted]
        targets = _targets(columns, wanted)
        found = replace(found, targets=targets, target_names=wanted, level="graph")
    if SPLIT in known:
        found = replace(found, split=column_split([row[SPLIT] for row in rows]))
    return found


def _read_table(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if FILE not in (reader.fieldnames or ()):
        raise DataError(f"{path} needs a column {FILE!r}; got {reader.fieldnames}")
    if not rows:
        raise DataError(f"{path} lists no graph")
    for number, row in enumerate(rows):
        if None in row or None in row.values():
            raise DataError(f"{path}: row {number + 1} has not as many cells as the header")
    return rows


def _inside(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise DataError(f"{TABLE}: {name!r} lies outside the folder")
    return path


def _targets(columns: Sequence[Sequence[str]], names: Sequence[str]) -> Targets:
    """Numbers ``(rows, tasks)``, or labels ``(rows,)`` of text or of whole numbers."""
    if len(columns) == 1 and all(one.lstrip("-").isdecimal() or not one for one in columns[0]):
        return np.array(columns[0], dtype=str)
    try:
        numbers = [[float(cell) if cell else np.nan for cell in column] for column in columns]
    except ValueError as error:
        if len(columns) == 1:
            return np.array(columns[0], dtype=str)
        raise DataError(
            f"several targets ({', '.join(names)}) must be numbers: {error}; name one with "
            "--target-columns to tell classes apart"
        ) from error
    return np.array(numbers, dtype=np.float64).T
