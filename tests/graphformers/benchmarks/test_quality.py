"""Quality runs: the right rows, the right metric, nothing trained twice."""

import json
from pathlib import Path

import numpy as np
import pytest

from graphformers.benchmarks.quality import Outcome, molecule_set, summary
from graphformers.cli.quality import main
from graphformers.errors import DataError
from graphformers.molecules import bundled_table

ROWS = 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """ESOL's first molecules in the layout the command reads."""
    lines = bundled_table("esol").read_text(encoding="utf-8").splitlines()
    header = lines[0].split(",")
    smiles, target = (
        header.index("smiles"),
        header.index("measured log solubility in mols per litre"),
    )
    rows = [line.rsplit(",", len(header) - 1) for line in lines[1 : ROWS + 1]]
    table = ["smiles,logSolubility", *(f"{row[smiles]},{row[target]}" for row in rows)]
    for name in ("grover_finetune", "scaffold_splits"):
        (tmp_path / name).mkdir()
    (tmp_path / "grover_finetune" / "esol.csv").write_text("\n".join(table) + "\n")
    order = np.arange(ROWS, dtype=np.int32)
    np.savez(
        tmp_path / "scaffold_splits" / "esol.npz",
        train_0=order[10:],
        valid_0=order[5:10],
        test_0=order[:5],
    )
    return tmp_path


def test_the_parts_are_those_of_the_file(folder):
    molecules = molecule_set("esol", folder)
    assert molecules.split.test.tolist() == [0, 1, 2, 3, 4]
    assert molecules.split.validation.tolist() == [5, 6, 7, 8, 9]
    assert molecules.targets.shape == (ROWS, 1)
    assert molecules.metric == "rmse"


def test_an_unknown_set_is_refused(folder):
    with pytest.raises(DataError, match="no set 'esoll'; known: zinc"):
        molecule_set("esoll", folder)


def test_a_second_call_trains_only_what_is_missing(folder, capsys):
    kept = folder / "quality.json"
    common = ["--data", str(folder), "--sets", "esol", "--epochs", "1", "--json", str(kept)]
    assert main([*common, "--models", "gps", "--seeds", "0"]) == 0
    first = json.loads(kept.read_text())["runs"]
    assert main([*common, "--models", "gps", "--seeds", "0", "1"]) == 0
    second = json.loads(kept.read_text())["runs"]
    assert [one["seed"] for one in second] == [0, 1]
    assert second[0] == first[0]
    assert "rmse" in capsys.readouterr().out


def test_the_summary_averages_over_seeds():
    shared = {"set": "esol", "model": "gps", "epochs": 3, "metric": "rmse", "parameters": 9}
    runs = [Outcome(**shared, seed=seed, value=seed + 1.0, minutes=2.0) for seed in (0, 1)]
    (row,) = summary(runs)
    assert (row["mean"], row["deviation"], row["seeds"]) == (1.5, 0.5, 2)
