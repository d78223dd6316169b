"""Meshes whose cells are all of one kind."""

import numpy as np
import pyvista as pv
from jaxtyping import Float, Int


def mesh_of(
    points: Float[np.ndarray, "points space"],
    corners: Int[np.ndarray, "cells corners"],
    kind: pv.CellType,
) -> pv.UnstructuredGrid:
    """A mesh of the given corners of every cell; points of a plane get a third coordinate."""
    sizes = np.full((len(corners), 1), corners.shape[1], dtype=np.int64)
    kinds = np.full(len(corners), int(kind), dtype=np.uint8)
    space = np.pad(points, ((0, 0), (0, 3 - points.shape[1]))).astype(np.float64)
    return pv.UnstructuredGrid(np.hstack([sizes, corners]).ravel(), kinds, space)


def used_points(
    corners: Int[np.ndarray, "cells corners"],
) -> tuple[Int[np.ndarray, " used"], Int[np.ndarray, "cells corners"]]:
    """Numbers of the points that cells use, and the corners numbered among these."""
    used, renumbered = np.unique(corners, return_inverse=True)
    return used, renumbered.reshape(corners.shape)
