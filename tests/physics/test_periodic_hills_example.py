"""Every slope is predicted after training on the others."""

import sys

import pytest


@pytest.fixture
def leave_one_out(scripts_of):
    return scripts_of("periodic_hills")("leave_one_out")


def test_every_slope_is_left_out_once(leave_one_out, hills_file, tmp_path, monkeypatch, capsys):
    for name in ("case_0p5", "case_1p0", "case_1p0_refined"):
        hills_file(tmp_path / f"{name}.npz")
    words = ["leave_one_out.py", str(tmp_path), "--models", "transolver", "--epochs", "1"]
    monkeypatch.setattr(sys, "argv", words)
    leave_one_out.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["slope 0.5"] * 2 + ["slope 1.0"] * 2
    assert "relative L2 0.000" in lines[0]  # the same flow on the same mesh is there to copy
    assert "transolver" in lines[1]
