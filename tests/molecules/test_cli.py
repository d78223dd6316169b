"""The three commands of the molecules room on small tables."""

import csv

import pytest

from graphformers.cli.command import MISTAKE
from graphformers.cli.main import run
from graphformers.molecules import featurize

QUICK = ["--training.epochs", "3", "--training.batch_size", "8", "--split", "random"]


def write_table(path, rows, header=("smiles", "carbons")):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHFORMERS_CACHE", str(tmp_path / "cache"))
    rings = [f"C1{'C' * n}C1{end}" for n in range(1, 9) for end in ("", "O", "N", "Cl")]
    rows = [(one, one.count("C")) for one in rings]
    return write_table(tmp_path / "rings.csv", [*rows, ("not a molecule", 3)])


@pytest.fixture
def trained(table, tmp_path):
    folder = tmp_path / "run"
    assert run(["molecules", "train", table, "--out", str(folder), *QUICK]) == 0
    return folder


def test_training_leaves_everything_a_person_needs(trained):
    left = {one.relative_to(trained).as_posix() for one in trained.rglob("*") if one.is_file()}
    assert {
        "model.safetensors",
        "config.json",
        "metrics.json",
        "metrics.csv",
        "history.csv",
        "bad_rows.csv",
        "report.html",
        "resume.ckpt",
        "pictures/parity.png",
        "pictures/error_by_scaffold.png",
        "pictures/atom_contributions.png",
    } <= left
    assert any(one.startswith("log/events") for one in left)
    methods = {row["method"] for row in csv.DictReader((trained / "metrics.csv").open())}
    assert {"gps", "training mean", "random forest on fingerprints"} <= methods
    assert "not a molecule" in (trained / "bad_rows.csv").read_text()


def test_training_featurises_the_table_once(table, tmp_path, monkeypatch):
    seen = []

    def counted(smiles, **options):
        seen.append(len(smiles))
        return featurize(smiles, **options)

    monkeypatch.setattr("graphformers.molecules.cache.featurize", counted)
    assert run(["molecules", "train", table, "--out", str(tmp_path / "run"), *QUICK]) == 0
    drawn = 6  # looked at again for their atom contributions
    assert sum(seen) <= 33 + drawn


def test_training_shows_the_figure_it_watches(table, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["molecules", "train", table, "--out", str(tmp_path / "run"), *QUICK]) == 0
    assert "validation rmse" in capsys.readouterr().err


def test_predictions_stand_beside_the_rows_they_belong_to(trained, tmp_path):
    rows = [("a", "C1CC1"), ("b", "broken"), ("c", "CCO")]
    new = write_table(tmp_path / "new.csv", rows, header=("name", "smiles"))
    output = tmp_path / "predicted.csv"
    assert run(["molecules", "predict", str(trained), new, "-o", str(output)]) == 0
    predicted = list(csv.DictReader(output.open()))
    assert [row["name"] for row in predicted] == ["a", "b", "c"]
    assert predicted[1]["predicted carbons"] == ""
    assert "SMILES" in predicted[1]["reason"]
    assert float(predicted[2]["predicted carbons"]) > 0


def test_evaluation_prints_and_writes_metrics(trained, table, tmp_path, capsys):
    folder = tmp_path / "evaluated"
    command = ["molecules", "evaluate", str(trained), table, "--target-columns", "carbons"]
    assert run([*command, "-o", str(folder)]) == 0
    assert "rmse" in capsys.readouterr().out
    assert (folder / "metrics.json").is_file()


def test_a_shipped_configuration_is_found_by_name(table, tmp_path):
    command = ["molecules", "train", table, "--config", "gps-small", *QUICK]
    assert run([*command, "--out", str(tmp_path / "run")]) == 0


def test_resuming_goes_on_after_the_last_epoch(table, tmp_path, trained):
    command = ["molecules", "train", table, "--out", str(trained), *QUICK, "--resume"]
    assert run([*command, "--training.epochs", "4"]) == 0
    assert len((trained / "history.csv").read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target-columns", "carbon"], "did you mean 'carbons'"),
        (["--smiles-column", "smile"], "did you mean 'smiles'"),
        (["--training.epochs", "0"], "epochs must be positive"),
        (["--preset", "smalll"], "did you mean 'small'"),
        (["--resume"], "nothing to resume"),
        (["--epochs", "2"], "did you mean '--training.epochs'? (see graphformers molecules train"),
        (["--target-colums", "carbons"], "did you mean '--target-columns'"),
    ],
)
def test_mistakes_end_in_one_clear_line(table, tmp_path, capsys, arguments, message):
    command = ["molecules", "train", table, "--out", str(tmp_path / "run"), "--split", "random"]
    assert run([*command, *arguments]) == MISTAKE
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_folder_of_another_kind_is_refused(tmp_path, table, capsys):
    assert run(["molecules", "predict", str(tmp_path), table]) == MISTAKE
    assert "not a model folder" in capsys.readouterr().err
