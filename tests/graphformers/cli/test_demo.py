"""The demonstration, with two epochs of training each."""

import pytest

from graphformers.cli.main import run


@pytest.mark.slow
def test_the_demonstration_ends_by_naming_its_report(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GRAPHFORMERS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "400")
    folder = tmp_path / "demo"
    assert run(["demo", "--quick", "--out", str(folder)]) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.endswith(f"Report: {folder / 'report.html'}")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "physgto" in page
    assert page.count("data:image/png;base64,") >= 5
    assert (folder / "esol" / "predictions.csv").is_file()
    assert (folder / "airfoils" / "predicted.vtu").is_file()
    assert (folder / "airfoils" / "p.png").is_file()
