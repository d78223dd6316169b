"""Cars of the neuraloperator package: a list of tensors by name, one entry for every car.

The file has ``vertices`` and the centres of the triangles, but not which vertices each joins:
the three whose mean is the centre are looked for among those nearest to it.
"""

from itertools import combinations
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import pyvista as pv
import torch
from jaxtyping import Float, Int
from scipy.spatial import KDTree
from torch import Tensor

from graphformers.errors import DataError
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.reader import OpenedMesh, Reader
from graphformers.physics.readers.uniform_cells import mesh_of

NEEDED = {"vertices", "centroids", "press"}
NEAREST = (12, 24, 48)  # vertices among which corners are looked for, more when not found
SAME_CENTER = 1e-5  # distance from the mean of the corners, as a share of that to a vertex
CHUNK = 100  # triangles looked for at once


def _load(path: Path) -> list[dict[str, Tensor]]:
    return torch.load(path, weights_only=True, mmap=True)


def _recognises(path: Path) -> bool:
    if path.suffix.lower() != ".pt" or not path.is_file():
        return False
    try:
        cars = _load(path)
    except (RuntimeError, ValueError, OSError, UnpicklingError):  # another kind, or with code in it
        return False
    return isinstance(cars, list) and all(
        isinstance(car, dict) and set(car) >= NEEDED for car in cars
    )


def _cases(path: Path) -> list[CaseFile]:
    return [
        CaseFile(name=f"{path.stem}_{number}", path=path, part=str(number))
        for number in range(len(_load(path)))
    ]


def _read(file: CaseFile, _: ReadOptions) -> OpenedMesh:
    car = _load(file.path)[int(file.part or 0)]
    points = car["vertices"].double().numpy()
    triangles = corners_of_centers(points, car["centroids"].double().numpy(), file.where)
    if "triangle_normals" in car:
        _turn_along(triangles, points, car["triangle_normals"].double().numpy())
    mesh = mesh_of(points, triangles, pv.CellType.TRIANGLE)
    mesh.point_data["press"] = car["press"].double().numpy().reshape(-1)
    return OpenedMesh(dataset=mesh)


def _turn_along(triangles: np.ndarray, points: np.ndarray, normals: np.ndarray) -> None:
    """Turn triangles round, in place, whose normal by the right-hand rule is the other way."""
    a, b, c = np.moveaxis(points[triangles], 1, 0)
    inward = (np.cross(b - a, c - a) * normals).sum(axis=1) < 0
    triangles[inward] = triangles[inward, ::-1]


def corners_of_centers(
    points: Float[np.ndarray, "points 3"], centers: Float[np.ndarray, "triangles 3"], where: str
) -> Int[np.ndarray, "triangles 3"]:
    """The three points whose mean is each center; ``DataError`` when there are none near it."""
    corners = np.empty((len(centers), 3), dtype=np.int64)
    tree = KDTree(points)
    left = np.arange(len(centers))
    for count in NEAREST:
        for some in np.array_split(left, range(CHUNK, len(left), CHUNK)):
            found, off = _nearest_triples(tree, centers[some], min(count, tree.n))
            corners[some] = found
            left = np.setdiff1d(left, some[off <= SAME_CENTER], assume_unique=True)
        if not left.size:
            return corners
    raise DataError(
        f"{where}: every centre must be the mean of three vertices near it; {len(left)} are not, "
        f"the first is that of triangle {left[0]}"
    )


def _nearest_triples(
    tree: KDTree, centers: Float[np.ndarray, "triangles 3"], count: int
) -> tuple[Int[np.ndarray, "triangles 3"], Float[np.ndarray, " triangles"]]:
    """Of the nearest points those three with the nearest mean, and how far it is off.

    Of several with the same mean those nearest to it.
    """
    triples = np.asarray([*combinations(range(count), 3)])
    distance, near = tree.query(centers, k=count)
    off = np.linalg.norm(tree.data[near][:, triples].mean(axis=2) - centers[:, None], axis=2)
    off /= distance[:, :1]
    spread = distance[:, triples].max(axis=2)
    best = np.where(off <= SAME_CENTER, spread, np.inf).argmin(axis=1)
    corners = np.take_along_axis(near, triples[best], axis=1)
    return corners, off.min(axis=1)


MINI_CAR = Reader(
    name="car file of neuraloperator",
    expects=f".pt with a list of {', '.join(sorted(NEEDED))}",
    recognises=_recognises,
    read=_read,
    cases=_cases,
)
