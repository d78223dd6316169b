"""Boundary tags of a mesh: which points lie on which boundary, and what that makes of them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyvista as pv
from jaxtyping import Bool, Int

from graphformers.errors import DataError, nearest_name
from graphformers.physics.mesh_series import (
    AIRFOIL,
    HANDLE,
    INFLOW,
    NODE_TYPES,
    NORMAL,
    OBSTACLE,
    OUTFLOW,
    WALL_BOUNDARY,
)
from graphformers.physics.readers.point_fields import is_node_type

WALL = "wall"
# Words in the name of a tag, the more particular later: an obstacle's wall is an obstacle.
WORDS = {
    "inlet": INFLOW,
    "inflow": INFLOW,
    "outlet": OUTFLOW,
    "outflow": OUTFLOW,
    WALL: WALL_BOUNDARY,
    "obstacle": OBSTACLE,
    "airfoil": AIRFOIL,
    "aerofoil": AIRFOIL,
    "handle": HANDLE,
}
TYPE_NAMES = {
    OBSTACLE: "obstacle",
    AIRFOIL: "airfoil",
    HANDLE: "handle",
    INFLOW: "inflow",
    OUTFLOW: "outflow",
    WALL_BOUNDARY: "wall_boundary",
}
BODIES = (OBSTACLE, AIRFOIL)

Tags = Mapping[str, Bool[np.ndarray, " points"]]


def boundary_tags(
    dataset: pv.DataSet, walls: Sequence[str] | None, where: str
) -> dict[str, Bool[np.ndarray, " points"]]:
    """Tags of a mesh by name: its 8-bit point arrays of 0 and 1, and what its node types say.

    The tag ``wall`` is the union of ``walls``; without these, of the tags that have "wall" in
    their name, where there is none of just that name. Raises ``DataError`` for a wall that is
    missing.
    """
    tags: dict[str, Bool[np.ndarray, " points"]] = {}
    for name in dataset.point_data:
        values = np.asarray(dataset.point_data[name])
        if is_node_type(name):
            tags.update(tags_of_types(check_node_types(values.reshape(-1), where)))
        elif _is_flag(values):
            tags[name] = values.astype(bool)
    if walls is not None:
        tags[WALL] = _union(tags, walls, dataset.n_points, where)
    elif WALL not in tags and (named := [name for name in tags if WALL in name.lower()]):
        tags[WALL] = _union(tags, named, dataset.n_points, where)
    return tags


def node_types_of(
    tags: Tags, wall_points: Int[np.ndarray, " wall_points"], num_points: int
) -> Int[np.ndarray, " points"]:
    """What every point is, by the words in the names of its tags; of two, the more particular."""
    types = np.full(num_points, NORMAL, dtype=np.int64)
    types[wall_points] = WALL_BOUNDARY
    for word, kind in WORDS.items():
        for name, tag in tags.items():
            if word in name.lower():
                types[tag] = kind
    return types


def check_node_types(values: np.ndarray, where: str) -> Int[np.ndarray, " points"]:
    """Node types as integers; ``DataError`` for one that does not exist."""
    types = np.rint(values).astype(np.int64)
    if types.size and not 0 <= types.min() <= types.max() < NODE_TYPES:
        raise DataError(
            f"{where}: node types must be 0 to {NODE_TYPES - 1}; "
            f"they are {types.min()} to {types.max()}"
        )
    return types


def _is_flag(values: np.ndarray) -> bool:
    is_small = values.dtype in (np.bool_, np.uint8, np.int8) and values.ndim == 1
    return is_small and bool(np.isin(values, (0, 1)).all())


def tags_of_types(
    types: Int[np.ndarray, " points"],
) -> dict[str, Bool[np.ndarray, " points"]]:
    """A tag for every node type there is; ``wall`` is the body, without one all walls."""
    found = {name: types == kind for kind, name in TYPE_NAMES.items() if (types == kind).any()}
    for solid in (np.isin(types, BODIES), types == WALL_BOUNDARY):
        if solid.any():
            return {**found, WALL: solid}
    return found


def _union(
    tags: Tags, names: Sequence[str], num_points: int, where: str
) -> Bool[np.ndarray, " points"]:
    union = np.zeros(num_points, dtype=bool)
    for name in names:
        if name not in tags:
            raise DataError(
                f"{where}: expected a boundary {name!r} for the wall; there is "
                f"{', '.join(tags) or 'none'}{nearest_name(name, list(tags))}"
            )
        union |= tags[name]
    return union
