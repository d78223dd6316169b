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


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def contract(kind: str) -> dict:
    return next(c for c in project()["tool"]["importlinter"]["contracts"] if c["type"] == kind)


def test_the_package_list_names_every_folder_with_code():
    found = set()
    for room, name in ROOMS.items():
        for init in (ROOT / room).rglob("__init__.py"):
            inner = init.parent.relative_to(ROOT / room).parts
            found.add(".".join([f"graphformers{name}", *inner]))
    assert set(project()["tool"]["setuptools"]["packages"]) == found


def test_every_module_has_a_floor_and_all_but_kernels_are_kept_from_warp():
    modules = {f"graphformers.{name}" for name in ("kernels", "molecules", "physics")}
    for path in (ROOT / "graphformers").iterdir():
        if path.suffix == ".py" or (path / "__init__.py").exists():
            modules.add(f"graphformers.{path.stem}")
    modules -= {"graphformers.__init__"}
    floors = {name for row in contract("layers")["layers"] for name in row.split(" | ")}
    assert floors == modules
    assert modules - {"graphformers.kernels"} <= set(contract("forbidden")["source_modules"])


def test_every_model_is_kept_from_importing_others():
    rooms = {"graphformers.models": "graphformers", "graphformers.physics.models": "physics"}
    models = {
        f"{name}.{init.parent.name}"
        for name, room in rooms.items()
        for init in (ROOT / room / "models").glob("*/__init__.py")
    }
    assert set(contract("independence")["modules"]) == models


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
