"""ShapeNet-Car: pressure on a car and velocity around it, one folder for each.

``param<fold>/<id>/quadpress_smpl.vtk`` is the body with p at its points, ``hexvelo_smpl.vtk`` the
space around it with U; fold 0 is the test set. The volume joins both where their points coincide.
As in published comparisons p is zero off the body, and U where only the body has a point.
"""

from pathlib import Path

import numpy as np
import pyvista as pv
from jaxtyping import Int

from graphformers.physics.mesh_file import open_mesh
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.blocks import joined
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.reader import OpenedMesh, Reader
from graphformers.physics.readers.tags import WALL
from graphformers.physics.readers.uniform_cells import mesh_of, used_points
from graphformers.physics.surface import POINT_ID, outer_surface

SURFACE, SPACE = "quadpress_smpl.vtk", "hexvelo_smpl.vtk"
TEST_FOLD = "param0"
PRESSURE, VELOCITY = "p", "U"


def _recognises(path: Path) -> bool:
    return (path / SURFACE).is_file() or any(path.glob(f"param*/*/{SURFACE}"))


def _cases(path: Path) -> list[CaseFile]:
    folders = [path] if (path / SURFACE).is_file() else _folders(path)
    return [
        CaseFile(
            name=folder.name,
            path=folder,
            split="test" if folder.parent.name == TEST_FOLD else "train",
        )
        for folder in folders
    ]


def _folders(root: Path) -> list[Path]:
    return sorted(found.parent for found in root.glob(f"param*/*/{SURFACE}"))


def _read(file: CaseFile, options: ReadOptions) -> OpenedMesh:
    body = _body(open_mesh(file.path / SURFACE).cast_to_unstructured_grid())
    if options.region == "surface":
        return OpenedMesh(dataset=body)
    space = open_mesh(file.path / SPACE).cast_to_unstructured_grid()
    return OpenedMesh(dataset=_joined(space, body))


def _body(mesh: pv.UnstructuredGrid) -> pv.UnstructuredGrid:
    """The faces with the points they use: about a hundred points belong to none."""
    used, corners = used_points(mesh.cell_connectivity.reshape(-1, 4))
    body = mesh_of(np.asarray(mesh.points)[used], corners, pv.CellType.QUAD)
    body.point_data[PRESSURE] = _only_array(mesh)[used]
    return body


def _only_array(mesh: pv.DataSet) -> np.ndarray:
    """The only array at the points, whatever it is called."""
    (name,) = mesh.point_data.keys()
    return np.asarray(mesh.point_data[name], dtype=np.float64)


def _joined(space: pv.UnstructuredGrid, body: pv.UnstructuredGrid) -> pv.DataSet:
    """Hexahedra and those faces of the body that are no faces of theirs, turned into the body."""
    number = {tuple(point): k for k, point in enumerate(np.asarray(space.points).tolist())}
    in_space = np.asarray([number.get(tuple(point), -1) for point in body.points.tolist()])
    shared = in_space >= 0
    pressure, wall = np.zeros(space.n_points), np.zeros(space.n_points, dtype=np.uint8)
    pressure[in_space[shared]] = body.point_data[PRESSURE][shared]
    wall[in_space[shared]] = 1
    around = pv.UnstructuredGrid()
    around.copy_structure(space)
    around.point_data.update({VELOCITY: _only_array(space), PRESSURE: pressure, WALL: wall})
    corners = np.sort(in_space[body.cell_connectivity.reshape(-1, 4)], axis=1)
    known = {tuple(face) for face in _outer_faces(space).tolist()}
    loose = [k for k, face in enumerate(corners.tolist()) if tuple(face) not in known]
    return joined([around, _turned_inward(body, loose)] if loose else [around])


def _outer_faces(space: pv.UnstructuredGrid) -> Int[np.ndarray, "faces 4"]:
    """Corners of the outer faces of the hexahedra, ascending in each."""
    surface = outer_surface(space)
    numbers = np.asarray(surface.point_data[POINT_ID])
    return np.sort(numbers[surface.regular_faces], axis=1)


def _turned_inward(body: pv.UnstructuredGrid, faces: list[int]) -> pv.UnstructuredGrid:
    """Faces with a velocity of zero, looking into the body as the outside of the volume does."""
    surface = pv.PolyData(body.points, body.cells)
    outward = surface.compute_normals(
        point_normals=False, auto_orient_normals=True, consistent_normals=True
    )
    used, corners = used_points(outward.regular_faces[faces, ::-1])
    alone = mesh_of(np.asarray(outward.points)[used], corners, pv.CellType.QUAD)
    alone.point_data[VELOCITY] = np.zeros((len(used), 3))
    alone.point_data[PRESSURE] = body.point_data[PRESSURE][used]
    alone.point_data[WALL] = np.ones(len(used), dtype=np.uint8)
    return alone


SHAPENET_CAR = Reader(
    name="ShapeNet-Car case",
    expects=f"a folder with {SURFACE} and {SPACE}",
    recognises=_recognises,
    read=_read,
    cases=_cases,
)
