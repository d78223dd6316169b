"""The command line's own commands."""

import subprocess
import sys

import pytest

from graphformers import __version__
from graphformers.cli.command import INTERRUPTED, MISTAKE, guarded
from graphformers.cli.main import ROOMS, run
from graphformers.errors import DataError


def test_without_arguments_the_commands_are_listed(capsys):
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ROOMS)


def test_version(capsys):
    assert run(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


def test_a_misspelt_command_names_the_nearest(capsys):
    assert run(["molecule"]) == MISTAKE
    assert "did you mean 'molecules'" in capsys.readouterr().err


def test_a_users_mistake_is_one_line_and_keeps_brackets(capsys):
    def mistake():
        raise DataError("row 3: [Na+] is odd")

    assert guarded(mistake) == MISTAKE
    assert "error: row 3: [Na+] is odd" in capsys.readouterr().err


def test_a_warning_is_one_line_without_its_place_in_the_source():
    """In a program of its own, as pytest keeps warnings to itself."""
    program = (
        "import warnings; from graphformers.cli.command import guarded;"
        "guarded(lambda: warnings.warn('its speed is 60: an extrapolation'));"
        "warnings.warn('after')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    first, second, *_ = done.stderr.splitlines()
    assert first == "warning: its speed is 60: an extrapolation"
    assert second == "<string>:1: UserWarning: after"


def test_a_defect_keeps_its_traceback():
    def defect():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        guarded(defect)


def test_interruption_has_its_own_status(capsys):
    def interrupted():
        raise KeyboardInterrupt

    assert guarded(interrupted) == INTERRUPTED


def test_doctor_prints_versions_threads_and_extras(capsys):
    assert run(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("torch", "Warp kernels", "kernel cache", "extra"))


def test_models_lists_the_systems_with_their_presets(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["models"]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("GPS", "PhysGTO", "zinc", "423,717"))
    assert all(f"--model {name}" in shown for name in ("gps", "grit", "ppgt", "gt", "mpnn-vn"))
