"""Runs of operators: the right samples, the right error, nothing trained twice."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from graphformers.benchmarks.fourier_operator import FourierNeuralOperator
from graphformers.benchmarks.operators import (
    OPERATORS,
    OperatorOutcome,
    Scaled,
    problem,
    relative_error,
    summary,
)
from graphformers.benchmarks.peer_package import PeerPackage
from graphformers.cli.operators import main
from graphformers.errors import DataError

ROUNDING = 1e-5
SAMPLES = 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Waves and what they are twice, in the files of both problems."""
    generator = torch.Generator().manual_seed(0)

    def write(name, side, timed):
        shape = (SAMPLES, side) if timed else (SAMPLES, side, side)
        x = torch.randn(shape, generator=generator)
        y = torch.stack([x, 1.5 * x, 2 * x], dim=1) if timed else 2 * x
        torch.save({"x": x, "y": y}, tmp_path / f"{name}_{side}.pt")

    for part in ("train", "test"):
        write(f"darcy_{part}", 16, timed=False)
        write(f"burgers_{part}", 16, timed=True)
    write("darcy_test", 32, timed=False)
    return tmp_path


def test_a_tenth_of_the_training_samples_is_kept_apart(folder):
    task = problem("darcy", folder)
    assert (len(task.train), len(task.validation)) == (18, 2)
    assert {name: data.axes[0].shape[0] for name, data in task.tests.items()} == {
        "test, 16 points": 16,
        "test, 32 points": 32,
    }


def test_burgers_goes_from_the_first_time_to_the_last(folder):
    task = problem("burgers", folder)
    torch.testing.assert_close(task.train.outputs, 2 * task.train.inputs)


def test_the_error_is_the_mean_over_samples(folder):
    class Input(nn.Module):
        def forward(self, batch):
            return batch.x

    (data,) = problem("burgers", folder).tests.values()
    assert relative_error(Input(), data) == pytest.approx(0.5, abs=ROUNDING)


def test_scaling_does_not_show_outside(folder):
    class Same(nn.Module):
        def forward(self, batch):
            return batch.x

    task = problem("burgers", folder)
    batch = task.validation.batch()
    model = Scaled(Same(), task.train)
    expected = (batch.x - task.train.inputs.mean()) * 2 + task.train.outputs.mean()
    torch.testing.assert_close(model(batch), expected)


@pytest.mark.parametrize(("name", "space"), [("burgers", 1), ("darcy", 2)])
def test_the_baseline_sees_every_sample_alone(name, space, folder):
    torch.manual_seed(0)
    model = FourierNeuralOperator(space=space, width=4, modes=3, layers=2)
    data = problem(name, folder).validation
    alone = [model(data.select(slice(k, k + 1)).batch()) for k in range(2)]
    torch.testing.assert_close(model(data.batch()), torch.cat(alone))


def test_an_unknown_problem_is_refused(folder):
    with pytest.raises(DataError, match="no problem 'stokes'; known: darcy, burgers"):
        problem("stokes", folder)


def test_a_second_call_trains_only_what_is_missing(folder, capsys, monkeypatch):
    monkeypatch.setattr(PeerPackage, "installed", False)
    kept = folder / "operators.json"
    common = ["--data", str(folder), "--seconds", "0.05", "--json", str(kept), "--seeds", "0"]
    assert main([*common, "--problems", "burgers"]) == 0
    first = json.loads(kept.read_text())["runs"]
    assert main([*common, "--problems", "burgers", "darcy", "--models", "fno"]) == 0
    second = json.loads(kept.read_text())["runs"]
    ours = [name for name, one in OPERATORS["burgers"].items() if one.package is None]
    assert [one["model"] for one in first] == ours
    assert second[:-1] == first
    assert (second[-1]["problem"], second[-1]["model"]) == ("darcy", "fno")
    assert set(second[-1]["errors"]) == {"validation", "test, 16 points", "test, 32 points"}
    assert "test, 32 points" in capsys.readouterr().out


def test_a_model_whose_package_is_missing_is_left_out_in_one_line(folder, capsys, monkeypatch):
    monkeypatch.setattr(PeerPackage, "installed", False)
    kept = folder / "operators.json"
    common = ["--data", str(folder), "--seconds", "0.05", "--json", str(kept), "--seeds", "0"]
    assert main([*common, "--problems", "burgers", "--models", "fno", "neuraloperator fno"]) == 0
    assert [one["model"] for one in json.loads(kept.read_text())["runs"]] == ["fno"]
    shown = capsys.readouterr().out.splitlines()
    assert "neuraloperator fno is left out: pip install neuraloperator" in shown


def test_the_summary_averages_over_seeds():
    shared = {"problem": "darcy", "model": "fno", "seconds": 1.0, "epochs": 3, "parameters": 9}
    runs = [
        OperatorOutcome(**shared, seed=seed, errors={"test": 0.1 + 0.2 * seed}) for seed in (0, 1)
    ]
    (row,) = summary(runs)
    assert row["test"] == "0.2000 ± 0.1000"
    assert row["seeds"] == 2
