"""AirfRANS: flows around airfoils, one folder for each.

``<name>/<name>_internal.vtu`` is the flow, ``<name>_aerofoil.vtp`` the wall; speed and angle of
attack stand in the name ``airFoil2D_SST_<speed>_<angle>_<shape>``. ``manifest.json`` beside the
folders gives the split of the regime "full". Fields are U, p and nut unless others are named.
"""

import re
from pathlib import Path

import pyvista as pv

from graphformers.physics.mesh_file import open_mesh
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.blocks import add_tags
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.manifest import manifest_splits
from graphformers.physics.readers.reader import OpenedMesh, Reader
from graphformers.physics.readers.tags import WALL

NAME = re.compile(r"^airFoil2D_SST_(?P<speed>[\d.]+)_(?P<angle>-?[\d.]+)_")
UNITS = {"U": "m/s", "p": "m2/s2", "nut": "m2/s"}


def _recognises(path: Path) -> bool:
    return (path / f"{path.name}_internal.vtu").is_file()


def _cases(path: Path) -> list[CaseFile]:
    numbers = {}
    if match := NAME.match(path.name):
        numbers = {
            "speed": float(match["speed"]),
            "angle_of_attack_deg": float(match["angle"]),
        }
    splits = manifest_splits(path.parent / "manifest.json")
    return [CaseFile(name=path.name, path=path, split=splits.get(path.name), numbers=numbers)]


def _read(file: CaseFile, options: ReadOptions) -> OpenedMesh:
    internal, wall = (
        file.path / f"{file.path.name}_{part}" for part in ("internal.vtu", "aerofoil.vtp")
    )
    fields = tuple(UNITS) if options.wanted is None else options.wanted
    if options.region == "surface":
        return OpenedMesh(dataset=open_mesh(wall, fields), units=UNITS)
    mesh: pv.DataSet = open_mesh(internal, fields)
    if wall.is_file():
        add_tags(mesh, {WALL: open_mesh(wall, ())}, str(file.path))
    return OpenedMesh(dataset=mesh, units=UNITS, wall_path=wall if wall.is_file() else None)


AIRFRANS = Reader(
    name="AirfRANS case",
    expects="a folder <name> with <name>_internal.vtu",
    recognises=_recognises,
    read=_read,
    cases=_cases,
)
