"""Points on a surface and around it, for models that need positions alone."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pyvista as pv
from jaxtyping import Bool, Float
from vtkmodules.vtkFiltersModeling import vtkSelectEnclosedPoints

from graphformers.errors import DataError

TRIES = 100  # rounds after which a box without room is given up


class SurfacePoints(NamedTuple):
    """Points on a surface and its unit normals there."""

    points: Float[np.ndarray, "points 3"]
    normals: Float[np.ndarray, "points 3"]


def sample_surface(surface: pv.PolyData, count: int, *, seed: int = 0) -> SurfacePoints:
    """Points spread evenly over the area of a surface, in random order.

    Every piece of the surface gets its share of the points up to one, so that any part of the list
    is a sample too. Raises ``DataError`` for a surface without area.
    """
    corners = _corners(surface)
    normals = 0.5 * np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(normals, axis=1)
    if not areas.sum() > 0:
        raise DataError("the surface has no area; it needs triangles or other faces")
    generator = np.random.default_rng(seed)
    share = (np.arange(count) + generator.random(count)) / max(count, 1)
    ends = areas.cumsum()
    triangle = np.searchsorted(ends, share * ends[-1], side="right").clip(max=len(areas) - 1)
    triangle = generator.permutation(triangle)
    root, along = np.sqrt(generator.random(count)), generator.random(count)
    weights = np.stack([1 - root, root * (1 - along), root * along], axis=1)
    points = np.einsum("pc,pcx->px", weights, corners[triangle])
    return SurfacePoints(points, normals[triangle] / areas[triangle, None])


def sample_volume(
    surface: pv.PolyData,
    box: Sequence[float],
    count: int,
    *,
    near: float = 0.0,
    reach: float = 0.0,
    seed: int = 0,
) -> Float[np.ndarray, "points 3"]:
    """Points inside a box and outside a closed surface, in random order.

    ``box`` is (x from, x to, y from, y to, z from, z to). A share ``near`` of the points is drawn
    around the surface, at a distance that averages ``reach``; the others are uniform. Solvers crowd
    their cells near walls: a model wants points spread about as they were in its training.
    """
    if len(box) != 6 or not all(low < high for low, high in zip(box[::2], box[1::2], strict=True)):
        raise DataError(f"box must be three intervals (from, to); got {tuple(box)}")
    if not 0 <= near <= 1 or (near > 0 and not reach > 0):
        raise DataError(f"near must lie in [0, 1] and need a reach; got {near} and {reach}")
    generator = np.random.default_rng(seed)
    close = round(near * count)
    low, high = np.asarray(box[::2]), np.asarray(box[1::2])

    def uniform(number: int) -> np.ndarray:
        return low + (high - low) * generator.random((number, 3))

    def around(number: int) -> np.ndarray:
        at = sample_surface(surface, number, seed=int(generator.integers(2**31)))
        return at.points + at.normals * generator.exponential(reach, (number, 1))

    parts = [
        _accepted(draw, number, surface, (low, high))
        for draw, number in ((uniform, count - close), (around, close))
    ]
    return generator.permutation(np.concatenate(parts))


def inside(
    surface: pv.PolyData, points: Float[np.ndarray, "points 3"]
) -> Bool[np.ndarray, " points"]:
    """Which points a closed surface encloses; ``DataError`` for one with holes."""
    if surface.n_open_edges:
        raise DataError(
            f"the surface has {surface.n_open_edges} open edges and thus no inside; close it, for "
            "example with fill_holes of PyVista"
        )
    enclosed = vtkSelectEnclosedPoints()
    enclosed.SetInputData(pv.PolyData(points))
    enclosed.SetSurfaceData(surface)
    enclosed.Update()
    selected = pv.wrap(enclosed.GetOutput()).point_data["SelectedPoints"]
    return np.asarray(selected, dtype=bool)


def _accepted(
    draw: Callable[[int], np.ndarray],
    number: int,
    surface: pv.PolyData,
    box: tuple[np.ndarray, np.ndarray],
) -> Float[np.ndarray, "points 3"]:
    """Draw until enough points lie in the box and outside the surface."""
    found, missing = [np.zeros((0, 3))], number
    for _ in range(TRIES):
        if missing == 0:
            break
        points = draw(missing)
        points = points[((points >= box[0]) & (points <= box[1])).all(axis=1)]
        points = points[~inside(surface, points)] if len(points) else points
        found.append(points)
        missing -= len(points)
    if missing:
        raise DataError(f"no room for {missing} of {number} points in the box outside the surface")
    return np.concatenate(found)


def _corners(surface: pv.PolyData) -> Float[np.ndarray, "triangles 3 3"]:
    triangulated = surface.triangulate()
    triangles = np.asarray(triangulated.faces).reshape(-1, 4)[:, 1:]
    return np.asarray(triangulated.points, dtype=np.float64)[triangles]
