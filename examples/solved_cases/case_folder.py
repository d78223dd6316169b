"""A folder of solved cases: a mesh and a wall each, and a row in ``cases.csv``."""

import csv
from dataclasses import dataclass
from pathlib import Path

import pyvista as pv

from graphformers.files import replacing


@dataclass(frozen=True, kw_only=True)
class Solution:
    """One solved case, as it is written."""

    volume: pv.UnstructuredGrid
    wall: pv.PolyData
    coefficients: dict[str, float]

    def save(self, folder: Path, name: str) -> None:
        """Write ``<name>.vtu`` and ``<name>_wall.vtp``."""
        for mesh, file in ((self.volume, f"{name}.vtu"), (self.wall, f"{name}_wall.vtp")):
            with replacing(folder / file) as temporary:
                mesh.save(temporary)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a table; none where there is no file."""
    if not path.is_file():
        return []
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def write_rows(rows: list[dict[str, str]], path: Path) -> None:
    """Write a table with the columns of the first row."""
    with replacing(path) as temporary, temporary.open("w", newline="") as stream:
        table = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
