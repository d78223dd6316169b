"""The comparison of surrogates: every run judged on the test part, and kept."""

import json

import pytest

from graphformers.benchmarks.surrogates import BASELINES, SHOWN
from graphformers.cli.main import run


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
