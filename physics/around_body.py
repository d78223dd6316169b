"""A body known by its surface alone as a case: a finer surface, and points in the air around it."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics.geometry_sampling import sample_volume
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.reading import case_from_dataset
from graphformers.physics.wall import Wall

NEAR = 0.5  # share of the points in the volume that lie about REACH body lengths from the surface
REACH = 0.1
ROOM = 1.0  # body lengths that the box reaches beyond the body on every side


def with_surface_points(case: MeshCase, count: int) -> MeshCase:
    """The same body with about ``count`` points on its surface, at least as many as it has.

    Triangles are cut in two along their long edges; edges stay straight.
    """
    surface = surface_of(case).triangulate()
    edge = np.sqrt(2 * surface.area / max(count, 1))  # two triangles to a point
    finer = surface.subdivide_adaptive(max_edge_len=edge) if count > surface.n_points else surface
    options = ReadOptions(fields=(), parameters=tuple(case.parameters), given=case.parameters)
    refined = case_from_dataset(pv.PolyData(finer.points, faces=finer.faces), options)
    return dataclasses.replace(refined, name=case.name, path=case.path)


def with_volume_points(
    case: MeshCase, count: int, *, box: Sequence[float] | None = None, seed: int = 0
) -> MeshCase:
    """The same body with ``count`` points around it, half of them near its surface.

    ``box`` is (x from, x to, y from, y to, z from, z to) in metres; None reaches a body length
    beyond the body on every side. There are no edges to the new points. Raises ``DataError`` for
    an open surface.
    """
    surface = surface_of(case)
    room = ROOM * case.wall.extent * np.array([-1, 1] * 3)
    limits = list(surface.bounds + room) if box is None else box
    reach = REACH * case.wall.extent
    volume = sample_volume(surface, limits, count, near=NEAR, reach=reach, seed=seed)
    points = np.concatenate([case.points, volume])
    air = np.zeros(count, dtype=bool)
    return dataclasses.replace(
        case,
        dataset=pv.PolyData(
            points, faces=surface.faces, verts=_single(np.arange(case.num_points, len(points)))
        ),
        points=points,
        wall=Wall(points=points, facets=case.wall.facets),
        boundaries={name: np.concatenate([tag, air]) for name, tag in case.boundaries.items()},
        fields={},
    )


def surface_of(case: MeshCase) -> pv.PolyData:
    """The surface that a case is; ``DataError`` for a case of another kind."""
    if case.space != 3 or not isinstance(case.dataset, pv.PolyData) or case.inputs:
        raise DataError(
            f"{case.name!r} is not the surface of a body in space, such as an STL file: points "
            "can be added to nothing else"
        )
    return case.dataset


def _single(points: np.ndarray) -> np.ndarray:
    """Cells of one point each."""
    return np.stack([np.ones_like(points), points], axis=1).ravel()
