"""Writing predictions beside the columns they were made from, row for row."""

import csv
import gzip
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from graphformers.errors import ShapeError
from graphformers.files import replacing
from graphformers.molecules.featurized import BadRow
from graphformers.molecules.table import MoleculeTable
from graphformers.molecules.table_files import table_format

PREDICTION_FORMATS = (".csv", ".tsv", ".parquet")
REASON_COLUMN = "reason"


WriteTable = Callable[[pa.Table], None]
"""Appends finished rows to an open file."""


class PredictionFile:
    """Appends pieces of a table with their predictions."""

    def __init__(self, write_table: WriteTable, names: Sequence[str]):
        self._write_table = write_table
        self._names = list(names)

    def write(
        self,
        table: MoleculeTable,
        predictions: NDArray[np.floating],  # (rows, names), NaN where there is none
        bad_rows: Sequence[BadRow] = (),  # rows counted inside this piece
    ) -> None:
        """Append the rows of a piece; a bad row gets empty predictions and its reason."""
        expected = (len(table), len(self._names))
        if predictions.shape != expected:
            raise ShapeError(f"predictions must be {expected}; got {predictions.shape}")
        written = table.columns
        for name, values in zip(self._names, predictions.T, strict=True):
            values = pa.array(values, from_pandas=True)  # NaN becomes an empty cell
            written = written.append_column(_free_name(name, written), values)
        reasons: list[str | None] = [None] * len(table)
        for bad in bad_rows:
            reasons[bad.row] = bad.reason
        column = pa.array(reasons, pa.string())
        self._write_table(written.append_column(_free_name(REASON_COLUMN, written), column))


@contextmanager
def prediction_file(path: str | Path, names: Sequence[str]) -> Iterator[PredictionFile]:
    """Open a CSV, TSV (either may end in ``.gz``) or Parquet file for predictions called ``names``.

    It appears under its name when the block ends well; before, and after an error, what was there
    stays as it was.
    """
    path = Path(path)
    suffix = table_format(path, PREDICTION_FORMATS)
    with replacing(path) as temporary:
        if suffix == ".parquet":
            opened = _parquet_writing(temporary)
        else:
            opened = _text_writing(temporary, "\t" if suffix == ".tsv" else ",")
        with opened as write_table:
            yield PredictionFile(write_table, names)


def write_predictions(
    path: str | Path,
    table: MoleculeTable,
    predictions: NDArray[np.floating],  # (rows, tasks), NaN where there is none
    bad_rows: Sequence[BadRow] = (),
    names: Sequence[str] | None = None,
) -> None:
    """Write a whole table at once; by default a prediction is called ``predicted <target>``."""
    names = prediction_names(table.target_names) if names is None else names
    with prediction_file(path, names) as file:
        file.write(table, predictions, bad_rows)


def prediction_names(target_names: Sequence[str]) -> list[str]:
    """Column names of the predictions of these targets."""
    return [f"predicted {name}" for name in target_names]


def _free_name(name: str, table: pa.Table) -> str:
    """The name, with as many underscores as keep it apart from the columns there are."""
    while name in table.column_names:
        name += "_"
    return name


@contextmanager
def _text_writing(path: Path, delimiter: str) -> Iterator[WriteTable]:
    with _opened_text(path) as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")

        def write_table(table: pa.Table) -> None:
            if file.tell() == 0:
                writer.writerow(table.column_names)
            writer.writerows(zip(*(_shown(column) for column in table.columns), strict=True))

        yield write_table


def _shown(column: pa.ChunkedArray) -> list[object]:
    """Cells as text shows them: a float32 has its own few digits, not those of its float64."""
    if pa.types.is_float32(column.type):
        return [None if one is None else str(np.float32(one)) for one in column.to_pylist()]
    return column.to_pylist()


@contextmanager
def _parquet_writing(path: Path) -> Iterator[WriteTable]:
    with ExitStack() as stack:
        writers: list[pq.ParquetWriter] = []

        def write_table(table: pa.Table) -> None:
            if not writers:  # the first piece tells the columns
                writers.append(stack.enter_context(pq.ParquetWriter(path, table.schema)))
            writers[0].write_table(table)

        yield write_table


def _opened_text(path: Path) -> TextIOWrapper:
    if path.suffix.lower() == ".gz":
        return TextIOWrapper(gzip.open(path, "wb"), encoding="utf-8", newline="")
    return path.open("w", encoding="utf-8", newline="")
