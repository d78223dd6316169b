"""A table of molecules: SMILES, targets, and the other columns, kept for the output."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphformers.errors import DataError, nearest_name
from graphformers.molecules.numeric_cells import holds_numbers, read_numbers
from graphformers.molecules.table_files import read_table_chunks

SMILES_NAMES = ("smiles", "canonical_smiles", "isomeric_smiles", "smi", "mol", "molecule")
"""Names, in any case, under which the SMILES column is found by itself; earlier ones win."""

CHUNK_ROWS = 16_384


@dataclass(frozen=True, eq=False, kw_only=True)
class MoleculeTable:
    """Rows of a table, or a piece of one.

    ``columns`` holds every column of the file as it was read, ``first_row`` the number of the first
    row in the file, counted from 0 without the header.
    """

    smiles: list[str]  # empty where the cell or the SDF record is
    targets: NDArray[np.float64]  # (rows, tasks), NaN where nothing was measured
    target_names: tuple[str, ...]
    smiles_column: str
    columns: pa.Table
    first_row: int = 0

    def __len__(self) -> int:
        return len(self.smiles)

    def column(self, name: str) -> list[object]:
        """The cells of one column; ``DataError`` naming the nearest when there is none."""
        check_column(name, self.columns.column_names)
        return self.columns.column(name).to_pylist()


def read_table(
    path: str | Path,
    *,
    smiles_column: str | None = None,
    target_columns: Sequence[str] | None = None,
    encoding: str = "utf-8",
) -> MoleculeTable:
    """Read a whole table: CSV, TSV, Parquet, SDF or ``.smi``.

    Without ``smiles_column`` the column is found by its name. Without ``target_columns`` the target
    is the one other column that holds numbers; ``()`` reads no target. Every target column must
    hold a number in at least one row.
    """
    chunks = list(read_table_chunks(path, chunk_rows=CHUNK_ROWS, encoding=encoding))
    columns = pa.concat_tables(chunks)
    if columns.num_rows == 0:
        raise DataError(f"{path}: the table has no rows")
    smiles_column = find_smiles_column(path, columns, smiles_column)
    if target_columns is None:
        target_columns = [_only_target(path, columns, smiles_column)]
    table = _table(path, columns, smiles_column, target_columns, first_row=0)
    empty = [
        name
        for name, values in zip(table.target_names, table.targets.T, strict=True)
        if np.isnan(values).all()
    ]
    if empty:
        raise DataError(f"{path}: the target {empty} is missing in every row; leave it out")
    return table


def read_chunks(
    path: str | Path,
    *,
    smiles_column: str | None = None,
    target_columns: Sequence[str] = (),
    chunk_rows: int = CHUNK_ROWS,
    encoding: str = "utf-8",
) -> Iterator[MoleculeTable]:
    """Read a table of any length, ``chunk_rows`` rows at a time."""
    first_row = 0
    for columns in read_table_chunks(path, chunk_rows=chunk_rows, encoding=encoding):
        smiles_column = find_smiles_column(path, columns, smiles_column)
        if columns.num_rows > 0:
            yield _table(path, columns, smiles_column, target_columns, first_row)
        first_row += columns.num_rows
    if first_row == 0:
        raise DataError(f"{path}: the table has no rows")


def check_column(name: str, known: Sequence[str], where: str | Path = "the table") -> None:
    """Raise ``DataError`` naming the nearest column when ``name`` is none of the known ones."""
    if name not in known:
        raise DataError(
            f"{where} has no column {name!r}{nearest_name(name, list(known))} "
            f"(columns: {', '.join(map(repr, known))})"
        )


def find_smiles_column(path: str | Path, columns: pa.Table, given: str | None) -> str:
    """The column the user named, else the only one, else the one called like a SMILES column."""
    names = columns.column_names
    if given is not None:
        check_column(given, names, path)
        return given
    if len(names) == 1:
        return names[0]
    for usual in SMILES_NAMES:
        found = [usual] if usual in names else [name for name in names if name.lower() == usual]
        if len(found) == 1:
            return found[0]
        if found:
            raise DataError(f"{path}: which of the columns {found} holds the SMILES?")
    raise DataError(f"{path}: which column holds the SMILES? It has {names}")


def _only_target(path: str | Path, columns: pa.Table, smiles_column: str) -> str:
    numeric = [
        name
        for name, values in zip(columns.column_names, columns.columns, strict=True)
        if name != smiles_column and holds_numbers(values)
    ]
    if len(numeric) != 1:
        found = f"the columns {numeric} hold" if numeric else "no column holds"
        raise DataError(f"{path}: which column is the target? Beside the SMILES {found} numbers")
    return numeric[0]


def _table(
    path: str | Path,
    columns: pa.Table,
    smiles_column: str,
    target_columns: Sequence[str],
    first_row: int,
) -> MoleculeTable:
    targets = np.empty((columns.num_rows, len(target_columns)))
    for task, name in enumerate(target_columns):
        check_column(name, columns.column_names, path)
        try:
            targets[:, task] = read_numbers(columns.column(name), first_row)
        except DataError as error:
            raise DataError(f"{path}: column {name!r}, {error}") from error
    smiles = columns.column(smiles_column).to_pylist()
    return MoleculeTable(
        smiles=["" if cell is None else str(cell) for cell in smiles],
        targets=targets,
        target_names=tuple(target_columns),
        smiles_column=smiles_column,
        columns=columns,
        first_row=first_row,
    )
