"""Reading tables of molecules piece by piece, whatever the format, as Arrow tables."""

import codecs
import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from graphformers.errors import DataError
from graphformers.molecules.sdf_records import read_sdf

TABLE_FORMATS = (".csv", ".tsv", ".parquet", ".sdf", ".smi")


def table_format(path: str | Path, known: Sequence[str] = TABLE_FORMATS) -> str:
    """The suffix that says how a table is stored, without a final ``.gz``."""
    name = Path(path).name.lower().removesuffix(".gz")
    suffix = Path(name).suffix
    if suffix not in known:
        raise DataError(f"{path}: the format is told by the name, which must end in {known}")
    return suffix


def read_table_chunks(
    path: str | Path, *, chunk_rows: int, encoding: str = "utf-8"
) -> Iterator[pa.Table]:
    """The rows of a table, at most ``chunk_rows`` at a time; at least one chunk, perhaps empty.

    Cells of text formats stay text, exactly as they stand in the file. Text files and SDF may be
    compressed with gzip. An SDF record becomes a row with its name, its properties and its SMILES;
    a ``.smi`` line one with a SMILES and a name. Blank lines are no rows.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    suffix = table_format(path)
    if suffix == ".parquet":
        chunks = _read_parquet(path, chunk_rows)
    elif suffix == ".sdf":
        chunks = _read_sdf(path, chunk_rows)
    else:
        read_rows = _read_smi if suffix == ".smi" else _read_delimited
        chunks = _text_chunks(path, read_rows(path, encoding), chunk_rows)
    for chunk in chunks:
        _check_header(path, chunk.column_names)
        yield chunk


def _check_header(path: Path, names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"{path}: the header names more than one column {repeated}; rename them")


Row = list[str]


def _text_chunks(path: Path, rows: Iterator[Row], chunk_rows: int) -> Iterator[pa.Table]:
    """Rows of text, the first one the header, as tables."""
    header = next(rows, None)
    if header is None:
        raise DataError(f"{path}: the file is empty")
    _check_header(path, header)
    first_row = 0
    while True:
        chunk = list(islice(rows, chunk_rows))
        for row, cells in enumerate(chunk, start=first_row):
            if len(cells) != len(header):
                raise DataError(
                    f"{path}: row {row + 1} has {len(cells)} cells; the header has {len(header)}"
                )
        if chunk or first_row == 0:
            columns = [[cells[column] for cells in chunk] for column in range(len(header))]
            yield pa.table([pa.array(one, pa.string()) for one in columns], names=header)
        if len(chunk) < chunk_rows:
            return
        first_row += chunk_rows


def _read_delimited(path: Path, encoding: str) -> Iterator[Row]:
    with _opened_text(path, encoding) as file:
        delimiter = _delimiter(path, file)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            yield from (cells for cells in reader if cells)
        except csv.Error as error:
            raise DataError(f"{path}: line {reader.line_num} cannot be read: {error}") from error


def _delimiter(path: Path, file: TextIOWrapper) -> str:
    """Tab in ``.tsv``; else the comma, or what stands in its place in a header without commas."""
    if table_format(path) == ".tsv":
        return "\t"
    header = file.readline()
    file.seek(0)
    candidates = [one for one in ",;\t" if one in header]
    return candidates[0] if candidates else ","


def _read_smi(path: Path, encoding: str) -> Iterator[Row]:
    yield ["smiles", "name"]
    with _opened_text(path, encoding) as file:
        for number, line in enumerate(file):
            smiles, *name = line.split(maxsplit=1) or [""]
            is_header = number == 0 and smiles.lower() in ("smiles", "#smiles")
            if smiles and not is_header:
                yield [smiles, name[0].strip() if name else ""]


def _read_parquet(path: Path, chunk_rows: int) -> Iterator[pa.Table]:
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            yield schema.empty_table()
            for batch in file.iter_batches(batch_size=chunk_rows):
                yield pa.Table.from_batches([batch])
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: not a whole Parquet file ({error})") from error


def _read_sdf(path: Path, chunk_rows: int) -> Iterator[pa.Table]:
    with _opened(path) as file:
        yield from read_sdf(file, chunk_rows)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked where its name ends in ``.gz``."""
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            yield cast(BinaryIO, file)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: not a whole gzip file ({error})") from error


@contextmanager
def _opened_text(path: Path, encoding: str) -> Iterator[TextIOWrapper]:
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise DataError(f"there is no text encoding {encoding!r}") from error
    with _opened(path) as file:
        # Spreadsheets put a byte order mark in front, which is no part of the first column's name.
        codec = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
        text = TextIOWrapper(file, encoding=codec, newline="")
        try:
            yield text
        except UnicodeDecodeError as error:
            raise _encoding_error(path, encoding) from error


def _encoding_error(path: Path, encoding: str) -> DataError:
    """Say where the first bytes stand that are no text in this encoding."""
    offset = 0
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                return DataError(
                    f"{path}: line {number} (byte {offset + error.start}) is not {encoding} text: "
                    f"{line[error.start : error.start + 4]!r}; "
                    f"save the file as UTF-8 or give its encoding, latin-1 perhaps"
                )
            offset += len(line)
    return DataError(f"{path}: the file is not {encoding} text; give its encoding")
