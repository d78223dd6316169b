"""The comparison of surrogates: every run judged on the test part, and kept."""

import json
from dataclasses import replace

import pytest
import torch

from graphformers.benchmarks.peer_package import PeerPackage
from graphformers.benchmarks.physicsnemo_transolver import PHYSICSNEMO_TRANSOLVER
from graphformers.benchmarks.surrogates import BASELINES, SHOWN
from graphformers.cli.main import run
from graphformers.graph_batch import GraphBatch
from graphformers.physics import Surrogate, SurrogateConfig
from graphformers.physics.field_system import find_field_system, training_for_fields
from graphformers.physics.models import StaticTask

OVERFITTED = 0.05  # of products whose mean size is about a half


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHFORMERS_CACHE", str(tmp_path / "meshes"))


def test_models_and_baselines_are_judged_once_and_kept(ring_folder, tmp_path, capsys):
    kept = tmp_path / "runs.json"
    command = ["bench", "surrogates", str(ring_folder), "--json", str(kept), "--minutes", "1e-4"]
    assert run([*command, "--models", *BASELINES]) == 0
    first = json.loads(kept.read_text())["runs"]
    assert run([*command, "--models", "volt", *BASELINES]) == 0
    runs = json.loads(kept.read_text())["runs"]
    assert [one["model"] for one in runs] == [*BASELINES, "volt"]
    assert runs[:2] == first
    assert runs[2]["epochs"] == 1
    assert runs[2]["parameters"] > 0
    assert set(SHOWN[:4]) <= set(runs[2]["errors"])
    shown = capsys.readouterr().out
    assert "volt" in shown
    assert "mean" in shown


def test_cases_without_a_test_part_are_refused(ring_folder, tmp_path, capsys):
    command = ["bench", "surrogates", str(ring_folder / "00.vtu"), "--models", "mean"]
    assert run([*command, "--json", str(tmp_path / "runs.json")]) != 0
    assert "test" in capsys.readouterr().err


def test_a_model_whose_package_is_missing_is_left_out_in_one_line(
    ring_folder, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(PeerPackage, "installed", False)
    kept = tmp_path / "runs.json"
    command = ["bench", "surrogates", str(ring_folder), "--json", str(kept), "--minutes", "1e-4"]
    assert run([*command, "--models", "physicsnemo transolver", "mean"]) == 0
    assert [one["model"] for one in json.loads(kept.read_text())["runs"]] == ["mean"]
    shown = capsys.readouterr().out.splitlines()
    assert "physicsnemo transolver is left out: pip install nvidia-physicsnemo" in shown


def test_a_model_that_cannot_read_the_cases_is_left_out_in_one_line(ring_folder, tmp_path, capsys):
    kept = tmp_path / "runs.json"
    command = ["bench", "surrogates", str(ring_folder), "--json", str(kept), "--minutes", "1e-4"]
    assert run([*command, "--models", "fano", "mean"]) == 0
    assert [one["model"] for one in json.loads(kept.read_text())["runs"]] == ["mean"]
    shown = capsys.readouterr().out.splitlines()
    (left_out,) = (line for line in shown if line.startswith("fano is left out: "))
    assert "grid" in left_out


def test_a_system_made_elsewhere_is_trained_like_one_of_ours(ring_folder):
    transolver = find_field_system("transolver")
    config = SurrogateConfig(training=replace(training_for_fields(), epochs=1))
    made = [
        Surrogate(system, config).fit(ring_folder, ["p"])
        for system in ("transolver", replace(transolver, name="another"))
    ]
    assert [one.model for one in made] == ["transolver", "another"]
    ours, other = (one.predict(ring_folder / "00.vtu")["p"] for one in made)
    assert (ours == other).all()


def test_the_transolver_of_physicsnemo_is_trained_and_judged(ring_folder, tmp_path):
    pytest.importorskip("physicsnemo", reason="nvidia-physicsnemo is not installed")
    kept = tmp_path / "runs.json"
    command = ["bench", "surrogates", str(ring_folder), "--json", str(kept), "--minutes", "1e-4"]
    assert run([*command, "--models", "physicsnemo transolver"]) == 0
    (made,) = json.loads(kept.read_text())["runs"]
    assert made["epochs"] == 1
    assert set(SHOWN[:4]) <= set(made["errors"])


def test_the_transolver_of_physicsnemo_sees_every_case_alone_and_overfits():
    pytest.importorskip("physicsnemo", reason="nvidia-physicsnemo is not installed")
    torch.manual_seed(0)
    task = StaticTask(node_features=1, fields=1, conditions=2)
    batch = GraphBatch(
        x=torch.randn(12, 1),
        edge_index=torch.zeros(2, 0, dtype=torch.long),
        ptr=torch.tensor([0, 5, 12]),
        positions=torch.randn(12, 2),
        conditions=torch.randn(2, 2),
    )
    system = PHYSICSNEMO_TRANSOLVER
    model = system.build(system.fitted(system.config(), task, 2))
    alone = [model(batch.select(torch.tensor([case]))) for case in range(2)]
    torch.testing.assert_close(model(batch), torch.cat(alone))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(200):
        loss = (model(batch) - batch.x * batch.positions[:, :1]).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < OVERFITTED
