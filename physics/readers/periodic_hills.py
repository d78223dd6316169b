"""Flow over periodic hills as NumPy files: an OpenFOAM mesh one cell deep with fields in its cells.

``points``, ``faces``, ``owner``, ``boundary_json`` (name, type, faces, first face of every patch)
and ``cell_<field>``; the mesh is read as the faces of its front. The name ``case_1p2`` says how
much the slope is stretched. Cell values are averaged to the points, walls included; vectors lose
the component across the plane, which in averages of a finite time is noise.
"""

import json
import re
from pathlib import Path

import numpy as np
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.point_fields import wanted_names
from graphformers.physics.readers.reader import OpenedMesh, Reader
from graphformers.physics.readers.tags import WALL
from graphformers.physics.readers.uniform_cells import mesh_of, used_points

NEEDED = {"points", "faces", "owner", "boundary_json"}
PREFIX = "cell_"
GEOMETRY = ("V", "centre_approx")  # volumes and centres of the cells, no fields
SLOPE = re.compile(r"^case_(\d+)p(\d+)")
UNITS = {"U": "m/s", "UDNS": "m/s", "p": "m2/s2", "k": "m2/s2", "Tau": "m2/s2", "TauDNS": "m2/s2"}
UNITS |= {"epsilon": "m2/s3", "nut": "m2/s"}
SAME_PLANE = 1e-6  # share of the largest extent within which points lie at one z


def _recognises(path: Path) -> bool:
    if path.suffix.lower() != ".npz" or not path.is_file():
        return False
    with np.load(path, allow_pickle=False) as arrays:
        return set(arrays) >= NEEDED


def _cases(path: Path) -> list[CaseFile]:
    match = SLOPE.match(path.stem)
    numbers = {"slope": float(f"{match[1]}.{match[2]}")} if match else {}
    return [CaseFile(name=path.stem, path=path, numbers=numbers, inputs=tuple(numbers))]


def _read(file: CaseFile, options: ReadOptions) -> OpenedMesh:
    with np.load(file.path, allow_pickle=False) as arrays:
        available = [name.removeprefix(PREFIX) for name in arrays if name.startswith(PREFIX)]
        names = wanted_names(
            [name for name in available if name not in GEOMETRY],
            options.wanted,
            file.where,
            skip_missing=options.skip_missing,
        )
        points, faces = np.asarray(arrays["points"]), np.asarray(arrays["faces"])
        patches = json.loads(str(arrays["boundary_json"]))
        front = _front(points, faces, patches, file.where)
        kept, corners = used_points(faces[front])
        mesh = mesh_of(points[kept], corners, pv.CellType.QUAD)
        for name in names:
            values = np.asarray(arrays[PREFIX + name][arrays["owner"][front]], dtype=np.float64)
            columns = values.reshape(len(front), -1)
            mesh.cell_data[name] = columns[:, :2] if len(columns.T) == 3 else columns
    _add_tags(mesh, faces, patches, kept)
    return OpenedMesh(dataset=mesh, units=UNITS)


def _front(points: np.ndarray, faces: np.ndarray, patches: list[list], where: str) -> np.ndarray:
    """Faces of the empty patches that lie at the smallest z: one for every cell."""
    empty = [
        np.arange(first, first + count) for _, kind, count, first in patches if kind == "empty"
    ]
    if not empty:
        raise DataError(f"{where}: expected a patch of type empty, which makes the mesh 2-D")
    numbers = np.concatenate(empty)
    height = points[faces[numbers], 2].max(axis=1)
    tolerance = SAME_PLANE * np.ptp(points, axis=0).max()
    return numbers[height <= points[:, 2].min() + tolerance]


def _add_tags(
    mesh: pv.UnstructuredGrid, faces: np.ndarray, patches: list[list], kept: np.ndarray
) -> None:
    on_wall = np.zeros(mesh.n_points, dtype=np.uint8)
    for name, kind, count, first in patches:
        if kind == "empty":
            continue
        tag = np.isin(kept, faces[first : first + count]).astype(np.uint8)
        mesh.point_data[name] = tag
        on_wall |= tag * (kind == "wall")
    if on_wall.any():
        mesh.point_data[WALL] = on_wall


PERIODIC_HILLS = Reader(
    name="NumPy file of periodic hills",
    expects=f".npz with {', '.join(sorted(NEEDED))}",
    recognises=_recognises,
    read=_read,
    cases=_cases,
)
