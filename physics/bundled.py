"""Data that comes with the package."""

from importlib.resources import files
from pathlib import Path

from graphformers.errors import DataError


def bundled_airfoils() -> Path:
    """Folder of 104 flows around airfoils with ``cases.csv``; its ``README.md`` says whence."""
    folder = Path(str(files("graphformers.physics"))) / "data" / "airfoils"
    if not (folder / "cases.csv").is_file():
        raise DataError(f"{folder}: the bundled airfoils are missing; install the package anew")
    return folder
