"""Small meshes, made where they are used."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import pyvista as pv

RingMesh = Callable[..., pv.UnstructuredGrid]
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def scripts_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable]:
    """Import files of an example folder as its scripts do, and forget them afterwards."""
    names: list[str] = []

    def open_folder(folder: str) -> Callable[[str], ModuleType]:
        for path in (EXAMPLES, EXAMPLES / folder):
            monkeypatch.syspath_prepend(str(path))
        names.extend(path.stem for path in (EXAMPLES / folder).glob("*.py"))
        return importlib.import_module

    yield open_folder
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def ring_mesh() -> RingMesh:
    """Quadrilaterals between two circles; the inner one is the wall."""

    def build(around: int = 24, layers: int = 4, radius: float = 0.5, outer: float = 2.0):
        angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
        distance = np.linspace(radius, outer, layers + 1)
        x = distance[:, None] * np.cos(angle)
        y = distance[:, None] * np.sin(angle)
        points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
        number = np.arange(x.size).reshape(x.shape)
        beside = np.roll(number, -1, axis=1)
        quads = np.stack([number[:-1], number[1:], beside[1:], beside[:-1]], axis=-1).reshape(-1, 4)
        cells = np.hstack([np.full((len(quads), 1), 4), quads]).ravel()
        kinds = np.full(len(quads), int(pv.CellType.QUAD), dtype=np.uint8)
        mesh = pv.UnstructuredGrid(cells, kinds, points)
        mesh.point_data["p"] = points[:, 0] + 2.0
        mesh.point_data["U"] = np.stack([points[:, 1], -points[:, 0], 0 * points[:, 0]], axis=1)
        mesh.point_data["wall"] = (np.arange(x.size) < around).astype(np.uint8)
        mesh.field_data["angle_of_attack_deg"] = [3.0]
        mesh.field_data["reynolds"] = [1e6]
        mesh.field_data["lift_coefficient"] = [0.4]
        return mesh

    return build


@pytest.fixture
def ring_folder(ring_mesh: RingMesh, tmp_path: Path) -> Path:
    """Six rings of different size with a table, in a folder of their own."""
    folder = tmp_path / "rings"
    folder.mkdir()
    rows = ["case,outline,angle_of_attack_deg,reynolds,lift_coefficient,split"]
    for k, split in enumerate(["train", "train", "train", "train", "val", "test"]):
        mesh = ring_mesh(around=16 + 4 * k, radius=0.3 + 0.05 * k)
        mesh.point_data["p"] = mesh.points[:, 0] + k
        mesh.save(folder / f"{k:02d}.vtu")
        rows.append(f"{k:02d},circle {k},{k},{(k + 1) * 1e5},{0.1 * k},{split}")
    (folder / "cases.csv").write_text("\n".join(rows) + "\n")
    return folder


FOAM_HEADER = """FoamFile
{{
    version     2.0;
    format      ascii;
    class       {kind};
    object      {name};
}}
"""


@pytest.fixture
def openfoam_case(tmp_path: Path) -> Callable[..., Path]:
    """A row of two unit cubes as an ASCII OpenFOAM case: wall below, inlet at the left.

    The z faces belong to patch ``frontAndBack``, of type empty unless told otherwise.
    """

    def foam(path: Path, kind: str, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FOAM_HEADER.format(kind=kind, name=path.name) + text)

    def build(front_type: str = "empty", times: tuple[str, ...] = ("0", "10")) -> Path:
        case = tmp_path / "cubes"
        mesh = case / "constant" / "polyMesh"
        corners = [(x, y, z) for z in (0, 1) for y in (0, 1) for x in (0, 1, 2)]
        number = {corner: k for k, corner in enumerate(corners)}

        def face(*points: tuple[int, int, int]) -> str:
            return f"4({' '.join(str(number[point]) for point in points)})"

        across = face((1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1))
        below = [face((k, 0, 0), (k + 1, 0, 0), (k + 1, 0, 1), (k, 0, 1)) for k in (0, 1)]
        above = [face((k, 1, 0), (k, 1, 1), (k + 1, 1, 1), (k + 1, 1, 0)) for k in (0, 1)]
        left = face((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0))
        right = face((2, 0, 0), (2, 1, 0), (2, 1, 1), (2, 0, 1))
        back = [face((k, 0, 0), (k, 1, 0), (k + 1, 1, 0), (k + 1, 0, 0)) for k in (0, 1)]
        front = [face((k, 0, 1), (k + 1, 0, 1), (k + 1, 1, 1), (k, 1, 1)) for k in (0, 1)]
        faces = [across, *below, *above, left, right, *back, *front]
        owner = [0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]
        foam(
            mesh / "points",
            "vectorField",
            f"{len(corners)}\n(\n" + "\n".join(f"({x} {y} {z})" for x, y, z in corners) + "\n)\n",
        )
        foam(mesh / "faces", "faceList", f"{len(faces)}\n(\n" + "\n".join(faces) + "\n)\n")
        foam(mesh / "owner", "labelList", f"{len(owner)}\n(\n{' '.join(map(str, owner))}\n)\n")
        foam(mesh / "neighbour", "labelList", "1\n(\n1\n)\n")
        patches = [
            ("floor", "wall", 2, 1),
            ("sky", "patch", 2, 3),
            ("inlet", "patch", 1, 5),
            ("outlet", "patch", 1, 6),
            ("frontAndBack", front_type, 4, 7),
        ]
        entries = "".join(
            f"{name}\n{{\n    type {kind};\n    nFaces {count};\n    startFace {first};\n}}\n"
            for name, kind, count, first in patches
        )
        foam(mesh / "boundary", "polyBoundaryMesh", f"{len(patches)}\n(\n{entries})\n")
        foam(case / "system" / "controlDict", "dictionary", "application simpleFoam;\n")
        for time in times:
            write_fields(case / time, front_type, float(time))
        return case

    def write_fields(folder: Path, front_type: str, time: float) -> None:
        closing = f"frontAndBack {{ type {'empty' if front_type == 'empty' else 'zeroGradient'}; }}"
        free = "".join(f"{name} {{ type zeroGradient; }}\n" for name in ("sky", "outlet", "inlet"))
        foam(
            folder / "p",
            "volScalarField",
            "dimensions [0 2 -2 0 0 0 0];\n"
            f"internalField nonuniform List<scalar> 2 ({1 + time} {3 + time});\n"
            f"boundaryField\n{{\nfloor {{ type zeroGradient; }}\n{free}{closing}\n}}\n",
        )
        foam(
            folder / "U",
            "volVectorField",
            "dimensions [0 1 -1 0 0 0 0];\ninternalField uniform (1 0 0);\n"
            "boundaryField\n{\nfloor { type fixedValue; value uniform (0 0 0); }\n"
            f"{free}{closing}\n}}\n",
        )

    return build


@pytest.fixture
def hills_file() -> Callable[..., Path]:
    """Writes a row of two unit cubes; the faces in the plane are the patch ``front``."""

    def write(path: Path, front: str = "empty") -> Path:
        corners = [(x, y, z) for z in (0, 1) for y in (0, 1) for x in (0, 1, 2)]
        number = {corner: k for k, corner in enumerate(corners)}

        def face(*points: tuple[int, int, int]) -> list[int]:
            return [number[point] for point in points]

        faces = [face((1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1))]
        faces += [face((k, 0, 0), (k + 1, 0, 0), (k + 1, 0, 1), (k, 0, 1)) for k in (0, 1)]
        faces += [face((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0))]
        for z in (0, 1):
            faces += [face((k, 0, z), (k, 1, z), (k + 1, 1, z), (k + 1, 0, z)) for k in (0, 1)]
        patches = [("bottomWall", "wall", 2, 1), ("inlet", "cyclic", 1, 3), ("sides", front, 4, 4)]
        np.savez(
            path,
            points=np.asarray(corners, dtype=float),
            faces=np.asarray(faces, dtype=np.int32),
            owner=np.asarray([0, 0, 1, 0, 0, 1, 0, 1], dtype=np.int32),
            neighbour=np.asarray([1], dtype=np.int32),
            boundary_json=json.dumps(patches),
            cell_UDNS=np.asarray([[1, 0, 0.2], [3, 0, -0.2]], dtype=np.float32),
            cell_TauDNS=np.arange(12, dtype=np.float32).reshape(2, 6),
            cell_V=np.ones(2, dtype=np.float32),
            cell_centre_approx=np.zeros((2, 3), dtype=np.float32),
        )
        return path

    return write
