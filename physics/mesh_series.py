"""A solution over time: one mesh, and its fields at every step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from graphformers.physics.mesh_case import MeshCase

NORMAL, OBSTACLE, AIRFOIL, HANDLE, INFLOW, OUTFLOW, WALL_BOUNDARY = 0, 1, 2, 3, 4, 5, 6
NODE_TYPES = 9  # as many as the published codes count, though the last two have no name


@dataclass(frozen=True, eq=False, kw_only=True)
class MeshSeries:
    """Fields of a fixed mesh at several times, read one step at a time.

    ``mesh`` carries points, edges, wall and parameters, and no fields. ``times`` (seconds) ascend.
    ``read_step`` gives the fields of one step, (points, components) each, in a fixed order of
    names. ``node_types`` says what every point is: points of ``NORMAL`` and ``OUTFLOW`` are
    predicted, the others are prescribed while rolling out.
    """

    mesh: MeshCase
    times: Float[np.ndarray, " steps"]
    node_types: Int[np.ndarray, " points"]
    read_step: Callable[[int], Mapping[str, Float[np.ndarray, "points components"]]]

    @property
    def name(self) -> str:
        """Name of the case."""
        return self.mesh.name

    @property
    def num_steps(self) -> int:
        """Steps of the solution."""
        return self.times.shape[0]
