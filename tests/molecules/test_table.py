import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from graphformers.errors import DataError
from graphformers.molecules.table import MoleculeTable, read_chunks, read_table

NAN = float("nan")


def written(folder: Path, text: str, name: str = "table.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.fixture
def sdf_file(tmp_path: Path) -> Path:
    path = tmp_path / "molecules.sdf"
    writer = Chem.SDWriter(str(path))
    for name, smiles, properties in (
        ("ethanol", "CCO", {"y": "1.5"}),
        ("benzene", "c1ccccc1", {"y": "2.5", "remark": "a ring"}),
    ):
        molecule = Chem.MolFromSmiles(smiles)
        molecule.SetProp("_Name", name)
        for key, value in properties.items():
            molecule.SetProp(key, value)
        writer.write(molecule)
    writer.close()
    return path


def test_a_csv_gives_smiles_targets_and_all_columns(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "name,smiles,y\nethanol,CCO,1.5\nwater,O,\n"))
    assert table.smiles == ["CCO", "O"]
    assert table.target_names == ("y",)
    assert np.array_equal(table.targets, [[1.5], [NAN]], equal_nan=True)
    assert table.column("name") == ["ethanol", "water"]
    assert table.columns.column_names == ["name", "smiles", "y"]
    assert len(table) == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("table.tsv", "smiles\ty\nCCO\t1\nC\t2\n"),
        ("table.csv", "smiles;y\nCCO;1\nC;2\n"),
        ("table.csv", "smiles\ty\nCCO\t1\nC\t2\n"),
        ("table.CSV", "\ufeffsmiles,y\r\nCCO,1\r\n\r\nC,2\r\n"),
        ("table.csv", '"smiles","y"\n"CCO","1"\nC,2'),
    ],
)
def test_dialects_of_text_tables_read_the_same(name: str, text: str, tmp_path: Path) -> None:
    table = read_table(written(tmp_path, text, name))
    assert table.smiles == ["CCO", "C"]
    assert table.targets.tolist() == [[1.0], [2.0]]


def test_a_gzip_file_reads_as_its_content(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"smiles,y\nCCO,1\n"))
    assert read_table(path).smiles == ["CCO"]


def test_a_smi_file_holds_smiles_and_names(tmp_path: Path) -> None:
    path = written(tmp_path, "CCO ethanol 96 %\n\nO\twater\nC\n", "molecules.smi")
    table = read_table(path, target_columns=())
    assert table.smiles == ["CCO", "O", "C"]
    assert table.column("name") == ["ethanol 96 %", "water", ""]


def test_the_header_of_a_smi_file_is_no_molecule(tmp_path: Path) -> None:
    path = written(tmp_path, "SMILES Name\nCCO ethanol\n", "molecules.smi")
    assert read_table(path, target_columns=()).smiles == ["CCO"]


def test_parquet_columns_keep_their_types(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    columns = {"smiles": ["CCO", None], "active": [True, None], "number": [1, 2]}
    pq.write_table(pa.table(columns), path)
    table = read_table(path, target_columns=["active"])
    assert table.smiles == ["CCO", ""]
    assert np.array_equal(table.targets, [[1.0], [NAN]], equal_nan=True)
    assert table.column("number") == [1, 2]


def test_an_sdf_gives_smiles_names_and_properties(sdf_file: Path) -> None:
    table = read_table(sdf_file, target_columns=["y"])
    assert table.smiles == ["CCO", "c1ccccc1"]
    assert table.column("name") == ["ethanol", "benzene"]
    assert table.column("remark") == [None, "a ring"]
    assert table.targets.tolist() == [[1.5], [2.5]]


def test_an_unreadable_sdf_record_keeps_its_row(sdf_file: Path) -> None:
    first, second, _ = sdf_file.read_text().split("$$$$\n")
    broken = first.replace("V2000", "V7777")
    sdf_file.write_text("$$$$\n".join([broken, second, ""]))
    table = read_table(sdf_file, target_columns=["y"])
    assert table.smiles == ["", "c1ccccc1"]


def test_a_property_called_like_the_own_columns_is_kept(sdf_file: Path) -> None:
    sdf_file.write_text(sdf_file.read_text().replace("<y>", "<smiles>"))
    table = read_table(sdf_file, smiles_column="smiles of the structure", target_columns=())
    assert table.smiles == ["CCO", "c1ccccc1"]
    assert table.column("smiles") == ["1.5", "2.5"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    cells=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).filter(
            lambda cell: cell not in ("\r", "\n")
        ),
        min_size=1,
        max_size=8,
    ),
    chunk_rows=st.integers(1, 4),
)
def test_any_text_in_cells_is_read_back(cells: list[str], chunk_rows: int, tmp_path: Path) -> None:
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    path = written(tmp_path, "smiles,remark\n" + "".join(f"C,{cell}\n" for cell in quoted))
    pieces = list(read_chunks(path, chunk_rows=chunk_rows))
    assert [remark for piece in pieces for remark in piece.column("remark")] == cells
    assert [piece.first_row for piece in pieces] == list(range(0, len(cells), chunk_rows))


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".sdf", ".smi"])
def test_chunks_together_are_the_whole_table(suffix: str, tmp_path: Path) -> None:
    smiles = ["C" * (1 + row) for row in range(7)]
    path = tmp_path / f"table{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.table({"smiles": smiles}), path)
    elif suffix == ".sdf":
        path.write_text("$$$$\n".join([Chem.MolToMolBlock(Chem.MolFromSmiles(s)) for s in smiles]))
    else:
        header = "" if suffix == ".smi" else "smiles\n"
        path.write_text(header + "\n".join(smiles))
    pieces = list(read_chunks(path, chunk_rows=3))
    assert [len(piece) for piece in pieces] == [3, 3, 1]
    assert [one for piece in pieces for one in piece.smiles] == smiles
    assert [piece.first_row for piece in pieces] == [0, 3, 6]


@pytest.mark.parametrize("name", ["smiles", "SMILES", "Canonical_SMILES", "mol"])
def test_the_smiles_column_is_found_by_its_usual_names(name: str, tmp_path: Path) -> None:
    assert read_table(written(tmp_path, f"id,{name},y\na,CCO,1\n")).smiles_column == name


def test_a_single_column_is_the_smiles(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, "what\nCCO\n"), target_columns=()).smiles == ["CCO"]


def test_missing_cells_in_all_their_spellings_are_nan(tmp_path: Path) -> None:
    cells = ["", " ", "NA", "n/a", "NaN", "null", "None", "-", "missing"]
    path = written(tmp_path, "smiles,y\nC,1\n" + "".join(f"C,{cell}\n" for cell in cells))
    assert np.isnan(read_table(path, target_columns=["y"]).targets[1:]).all()


def test_truth_values_are_one_and_zero(tmp_path: Path) -> None:
    path = written(tmp_path, "smiles,y\nC,True\nC,false\n")
    assert read_table(path).targets.tolist() == [[1.0], [0.0]]


def test_several_targets_come_in_the_order_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, "smiles,a,b\nC,1,2\n")
    assert read_table(path, target_columns=["b", "a"]).targets.tolist() == [[2.0, 1.0]]


REFUSED = {
    "an empty file": ("", {}, "the file is empty"),
    "a header alone": ("smiles,y\n", {}, "the table has no rows"),
    "no such SMILES column": (
        "smiles,y\nC,1\n",
        {"smiles_column": "smile"},
        r"no column 'smile'; did you mean 'smiles'\?",
    ),
    "no such target column": (
        "smiles,logS\nC,1\n",
        {"target_columns": ["log S"]},
        r"no column 'log S'; did you mean 'logS'\?",
    ),
    "no column like SMILES": ("a,b\nC,1\n", {}, "which column holds the SMILES"),
    "two columns like SMILES": ("Smiles,SMILES\nC,C\n", {}, r"which of the columns \['Smiles'"),
    "two numeric columns": ("smiles,a,b\nC,1,2\n", {}, r"which column is the target.*\['a', 'b'\]"),
    "no numeric column": ("smiles,a\nC,x\n", {}, "no column holds numbers"),
    "a header with duplicates": ("smiles,y,y\nC,1,2\n", {}, r"more than one column \['y'\]"),
    "all targets missing": (
        "smiles,y,z\nC,1,\nC,2,NA\n",
        {"target_columns": ["y", "z"]},
        r"the target \['z'\] is missing in every row",
    ),
    "a cell that is no number": (
        "smiles,y\nC,1\nC,>5\nC,low\n",
        {"target_columns": ["y"]},
        r"column 'y', row 2 \(and 1 rows more\): '>5' is not a finite number; leave the cell empty",
    ),
    "classes as words": (
        "smiles,y\nC,active\nCC,\nC,inactive\nC,active\n",
        {"target_columns": ["y"]},
        r"row 1 \(and 2 rows more\): 'active' is not a finite number; write two classes as 0 and 1",
    ),
    "an infinite number": (
        "smiles,y\nC,inf\n",
        {"target_columns": ["y"]},
        "row 1: 'inf' is not a finite number",
    ),
    "a short row": ("smiles,y\nC,1\nC\n", {}, "row 2 has 1 cells; the header has 2"),
    "a quote never closed": ('smiles,y\n"C,1\n', {}, "cannot be read"),
    "an unknown encoding": ("smiles,y\nC,1\n", {"encoding": "utf-99"}, "no text encoding 'utf-99'"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_a_table_that_cannot_be_used_is_refused_with_its_name(case: str, tmp_path: Path) -> None:
    text, settings_, message = REFUSED[case]
    path = written(tmp_path, text)
    with pytest.raises(DataError, match=message) as caught:
        read_table(path, **settings_)
    assert "table.csv" in str(caught.value) or "encoding" in case


def test_bytes_that_are_not_utf8_are_located(tmp_path: Path) -> None:
    path = written(tmp_path, "smiles,name,y\nC,méthane,1\n", encoding="latin-1")
    with pytest.raises(DataError, match=r"line 2 \(byte 17\) is not utf-8 .*latin-1"):
        read_table(path, target_columns=["y"])
    table = read_table(path, target_columns=["y"], encoding="latin-1")
    assert table.column("name") == ["méthane"]


def test_bytes_that_are_not_utf8_far_into_a_file_are_located(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"smiles,y\n" + b"C,1\n" * 20_000 + b"C,\xff\n")
    with pytest.raises(DataError, match="line 20002 "):
        read_table(path)


def test_a_truncated_gzip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"smiles,y\nCCO,1\n" * 100)[:-12])
    with pytest.raises(DataError, match="not a whole gzip file"):
        read_table(path)


def test_a_truncated_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"smiles": ["C"]}), path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match="not a whole Parquet file"):
        read_table(path)


def test_a_parquet_column_that_holds_no_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"smiles": ["C"], "y": [[1.0, 2.0]]}), path)
    with pytest.raises(DataError, match=r"column 'y', row 1: \[1.0, 2.0\] is not a finite number"):
        read_table(path, target_columns=["y"])


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.csv", "there is no such file"), (".", "there is no such file")],
)
def test_a_path_without_a_file_is_refused(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / name)


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must end in"):
        read_table(written(tmp_path, "smiles\nC\n", "table.xlsx"))


def test_a_column_asked_for_later_is_named_when_missing(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "smiles,split,y\nC,train,1\n"))
    assert isinstance(table, MoleculeTable)
    with pytest.raises(DataError, match=r"no column 'spilt'; did you mean 'split'\?"):
        table.column("spilt")
