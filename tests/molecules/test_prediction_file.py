import csv
import gzip
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from graphformers.errors import DataError, ShapeError
from graphformers.molecules.featurized import BadRow
from graphformers.molecules.prediction_file import prediction_file, write_predictions
from graphformers.molecules.table import MoleculeTable, read_chunks, read_table

NAN = float("nan")
TEXT = 'id,smiles,y\n007,CCO,1.50\n"a, b",xyz,\n'
BAD = [BadRow(1, "xyz", "not a valid SMILES")]


@pytest.fixture
def table(tmp_path: Path) -> MoleculeTable:
    path = tmp_path / "table.csv"
    path.write_text(TEXT)
    return read_table(path, target_columns=["y"])


def read_rows(path: Path, delimiter: str = ",") -> list[list[str]]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return list(csv.reader(text.decode().splitlines(), delimiter=delimiter))


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.csv.gz"])
def test_text_keeps_the_input_and_adds_predictions(
    name: str, table: MoleculeTable, tmp_path: Path
) -> None:
    write_predictions(tmp_path / name, table, np.array([[0.1], [NAN]], dtype=np.float32), BAD)
    assert read_rows(tmp_path / name, "\t" if "tsv" in name else ",") == [
        ["id", "smiles", "y", "predicted y", "reason"],
        ["007", "CCO", "1.50", "0.1", ""],
        ["a, b", "xyz", "", "", "not a valid SMILES"],
    ]


def test_parquet_holds_numbers_and_nulls(table: MoleculeTable, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    write_predictions(path, table, np.array([[0.5], [NAN]]), BAD)
    written = pq.read_table(path)
    assert written.column("predicted y").to_pylist() == [0.5, None]
    assert written.column("reason").to_pylist() == [None, "not a valid SMILES"]
    assert written.column("id").to_pylist() == ["007", "a, b"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_pieces_written_one_by_one_give_the_file_of_the_whole(suffix: str, tmp_path: Path) -> None:
    source = tmp_path / "table.csv"
    source.write_text("smiles\n" + "".join(f"{'C' * size}\n" for size in range(1, 8)))
    whole = read_table(source, target_columns=())
    values = np.arange(7.0)[:, None]
    write_predictions(tmp_path / f"whole{suffix}", whole, values, names=["p"])
    with prediction_file(tmp_path / f"pieces{suffix}", ["p"]) as file:
        for piece in read_chunks(source, chunk_rows=3):
            file.write(piece, values[piece.first_row : piece.first_row + len(piece)])
    if suffix == ".csv":
        assert read_rows(tmp_path / "pieces.csv") == read_rows(tmp_path / "whole.csv")
    else:
        assert pq.read_table(tmp_path / "pieces.parquet").equals(
            pq.read_table(tmp_path / "whole.parquet")
        )


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("no space left on device")])
@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_an_interruption_leaves_the_previous_file_whole(
    name: str, error, table: MoleculeTable, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text("before")
    files = set(tmp_path.iterdir())

    def interrupted() -> None:
        with prediction_file(path, ["p"]) as file:
            file.write(table, np.zeros((2, 1)))
            raise error

    with pytest.raises((KeyboardInterrupt, OSError)):
        interrupted()
    assert path.read_text() == "before"
    assert set(tmp_path.iterdir()) == files


def test_the_input_may_be_replaced_by_the_output(table: MoleculeTable, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_predictions(path, table, np.ones((2, 1)))
    write_predictions(path, read_table(path, target_columns=["y"]), np.zeros((2, 1)))
    header, first, _ = read_rows(path)
    assert header == ["id", "smiles", "y", "predicted y", "reason", "predicted y_", "reason_"]
    assert first == ["007", "CCO", "1.50", "1.0", "", "0.0", ""]


def test_predictions_of_another_shape_are_refused(table: MoleculeTable, tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match=r"must be \(2, 1\); got \(3, 1\)"):
        write_predictions(tmp_path / "out.csv", table, np.zeros((3, 1)))
    assert not (tmp_path / "out.csv").exists()


def test_a_format_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must end in"), prediction_file(tmp_path / "a.sdf", ["p"]):
        pass
