"""A solution over time: one mesh, and its fields at every step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import DataError
from graphformers.graph_batch import GraphBatch
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

    def state(
        self, step: int, components: Mapping[str, int]
    ) -> Float[np.ndarray, "points components"]:
        """The named fields of one step beside each other, with so many components each.

        Raises ``DataError`` for a field that is missing, of another shape or not finite.
        """
        fields = self.read_step(step)
        for name, count in components.items():
            expected, values = (self.mesh.num_points, count), fields.get(name)
            where = f"{self.name!r}, step {step}: field {name!r}"
            if values is None or values.shape != expected:
                found = "none" if values is None else tuple(values.shape)
                raise DataError(f"{where} must be {expected}; got {found}")
            if not np.isfinite(values).all():
                raise DataError(f"{where} holds NaN or infinity")
        return np.concatenate([fields[name] for name in components], axis=1).astype(np.float32)

    def first_graph(
        self, components: Mapping[str, int], parameters: Sequence[str] = ()
    ) -> GraphBatch:
        """The first state as a batch of one graph, from which a model can be rolled out."""
        mesh = self.mesh
        return FixedMesh.of(mesh.points, mesh.edges, self.node_types).graph(
            torch.from_numpy(self.state(0, components)),
            [float(self.times[0]), *mesh.parameter_values(parameters).tolist()],
        )


@dataclass(frozen=True, eq=False)
class FixedMesh:
    """What all steps of a series share, as a model reads it."""

    positions: Float[Tensor, "points space"]
    edge_index: Int[Tensor, "2 edges"]
    kinds: Float[Tensor, "points kinds"]  # one-hot

    @staticmethod
    def of(points: np.ndarray, edges: np.ndarray, node_types: np.ndarray) -> "FixedMesh":
        """From (points, space) positions, (2, edges) node numbers and what every point is."""
        types = torch.from_numpy(np.asarray(node_types, dtype=np.int64))
        return FixedMesh(
            positions=torch.from_numpy(np.asarray(points, dtype=np.float32)),
            edge_index=torch.from_numpy(np.ascontiguousarray(edges, dtype=np.int64)),
            kinds=torch.nn.functional.one_hot(types, NODE_TYPES).float(),
        )

    def graph(
        self,
        state: Float[Tensor, "points components"],
        conditions: Sequence[float],
        target: Float[Tensor, "points components"] | None = None,
    ) -> GraphBatch:
        """A state with its time and parameters, and the state after it if that is known."""
        return GraphBatch(
            x=torch.cat([state, self.kinds], dim=1),
            positions=self.positions,
            edge_index=self.edge_index,
            ptr=torch.tensor([0, len(state)]),
            conditions=torch.tensor([conditions], dtype=torch.float32),
            target=target,
            target_per_node=target is not None,
        )
