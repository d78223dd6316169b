import sys

import pytest

from graphformers.cli.main import run as graphformers


def test_without_its_extra_the_command_names_it(run, monkeypatch, capsys) -> None:
    monkeypatch.delitem(sys.modules, "graphformers.physics.app.page", raising=False)
    monkeypatch.setitem(sys.modules, "trame.app", None)
    assert graphformers(["physics", "app", str(run)]) == 2
    assert "trame is not installed" in capsys.readouterr().err


def test_a_folder_without_a_model_is_refused_before_anything_is_served(tmp_path, capsys) -> None:
    pytest.importorskip("trame", reason='needs "graphformers[app]"')
    assert graphformers(["physics", "app", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err.replace("\n", "")
