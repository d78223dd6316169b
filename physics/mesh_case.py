"""One simulated case: a mesh, its fields, its wall and the parameters it was run with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pyvista as pv
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from graphformers.errors import DataError, nearest_name
from graphformers.graph_batch import GraphBatch
from graphformers.physics.wall import Wall, node_feature_names, node_features


@dataclass(frozen=True, eq=False, kw_only=True)
class MeshCase:
    """A mesh with everything a surrogate learns from or is asked about.

    ``points`` has two columns where the mesh is flat in z. ``edges`` holds every undirected edge
    once, larger point number first. ``inputs`` are fields that a model is given, ``parameters``
    numbers that it is given, the same for the whole case;
    ``results`` are numbers the solver gave (lift, drag): never shown to a model. ``dataset`` is the
    mesh as read, which predictions are written onto.
    """

    name: str
    dataset: pv.DataSet
    points: Float[np.ndarray, "points space"]
    edges: Int[np.ndarray, "2 edges"]
    wall: Wall
    fields: Mapping[str, Float[np.ndarray, "points components"]] = field(default_factory=dict)
    inputs: Mapping[str, Float[np.ndarray, "points components"]] = field(default_factory=dict)
    boundaries: Mapping[str, Bool[np.ndarray, " points"]] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    results: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    split: str | None = None
    path: Path | None = None
    part: str | None = None  # which case of a file that holds several
    wall_path: Path | None = None  # the solver's own wall surface, where there is one

    @property
    def num_points(self) -> int:
        """Points of the mesh."""
        return self.points.shape[0]

    @property
    def space(self) -> int:
        """Space dimension, 2 or 3."""
        return self.points.shape[1]

    @cached_property
    def features(self) -> Float[np.ndarray, "points features"]:
        """What every point knows about the wall (see ``node_features``), and the inputs.

        Raises ``DataError`` where nothing of the boundary is wall.
        """
        if self.wall.facets.size == 0:
            raise DataError(
                f"case {self.name!r} has no wall: no face of its boundary has all corners marked. "
                "Name the patch of the body, or mark its points in the array 'wall'"
            )
        return np.concatenate([node_features(self.wall), *self.inputs.values()], axis=1)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Columns of ``features``."""
        inputs = (
            f"{name}_{column}" if values.shape[1] > 1 else name
            for name, values in self.inputs.items()
            for column in range(values.shape[1])
        )
        return (*node_feature_names(self.space), *inputs)

    def stacked_fields(self, names: Sequence[str]) -> Float[np.ndarray, "points components"]:
        """The named fields beside each other; ``DataError`` names one that is missing."""
        for name in names:
            if name not in self.fields:
                raise DataError(
                    f"case {self.name!r} has no field {name!r}{nearest_name(name, [*self.fields])}"
                )
        return np.concatenate([self.fields[name] for name in names], axis=1)

    def parameter_values(self, names: Sequence[str]) -> Float[np.ndarray, " parameters"]:
        """The named parameters in this order; ``DataError`` names one that is missing."""
        for name in names:
            if name not in self.parameters:
                raise DataError(
                    f"case {self.name!r} does not say its {name!r}: "
                    f"give it as field data of the file, in cases.csv or as an argument"
                    f"{nearest_name(name, [*self.parameters])}"
                )
        return np.asarray([self.parameters[name] for name in names], dtype=np.float64)

    def graph(self, *, fields: Sequence[str] = (), parameters: Sequence[str] = ()) -> GraphBatch:
        """The case as a batch of one graph, with its fields as target when they are named."""
        target = _single(self.stacked_fields(fields)) if fields else None
        return GraphBatch(
            x=_single(self.features),
            positions=_single(self.points),
            edge_index=torch.from_numpy(self.edges.astype(np.int64)),
            ptr=torch.tensor([0, self.num_points]),
            conditions=_single(self.parameter_values(parameters)[None]) if parameters else None,
            target=target,
            target_per_node=target is not None,
        )


def _single(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
