"""What a user gets from pip."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {
    "graphformers": "",
    "kernels": ".kernels",
    "molecules": ".molecules",
    "physics": ".physics",
}


def test_the_package_list_names_every_folder_with_code():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = set()
    for room, name in ROOMS.items():
        for init in (ROOT / room).rglob("__init__.py"):
            inner = init.parent.relative_to(ROOT / room).parts
            found.add(".".join([f"graphformers{name}", *inner]))
    assert set(project["tool"]["setuptools"]["packages"]) == found


@pytest.mark.parametrize("where", ["root", "elsewhere"])
def test_rooms_import_from_the_checkout_and_from_elsewhere(where, tmp_path):
    folder = ROOT if where == "root" else tmp_path
    code = "import graphformers.kernels, graphformers.molecules, graphformers.physics"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_the_installed_package_is_typed_and_licensed():
    files = {str(one) for one in metadata.files("graphformers") or []}
    if any("__editable__" in one for one in files):
        pytest.skip("an editable install keeps its files in the checkout")
    assert "graphformers/py.typed" in files
    assert any(one.endswith("LICENSE") for one in files)


def test_nothing_is_installed_at_the_top_level_but_graphformers():
    files = [str(one) for one in metadata.files("graphformers") or []]
    tops = {one.split("/")[0] for one in files if one.endswith(".py") and "/" in one}
    assert tops <= {"graphformers"}
