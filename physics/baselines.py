"""Two predictors that learn nothing about physics: what a surrogate has to beat."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from jaxtyping import Float
from scipy.spatial import KDTree

from graphformers.errors import DataError
from graphformers.physics.field_statistics import field_statistics
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.mesh_store import MeshStore, StoredCase
from graphformers.physics.wall import node_feature_names

PROBES_PER_AXIS = {2: 16, 3: 8}
PROBE_MARGIN = 0.25  # of the walls' extent, on every side
LOG_DISTANCE_COLUMN = node_feature_names(2).index("wall_log_distance")  # directions follow it

Fields = dict[str, Float[np.ndarray, "points components"]]


class Baseline(Protocol):
    """Fields for a case that was not seen."""

    def predict(self, case: MeshCase | StoredCase) -> Fields:
        """The fields at the points of ``case``, by name."""
        ...


class MeanPredictor:
    """The mean over all points of all training cases, the same everywhere."""

    def __init__(self, store: MeshStore, train: Sequence[int]):
        _check_train(train)
        mean = field_statistics(store, train)["target"].mean.numpy()
        self._means = {name: mean[columns] for name, columns in store.field_columns.items()}

    def predict(self, case: MeshCase | StoredCase) -> Fields:
        """The fields at the points of ``case``, by name."""
        return {name: np.tile(mean, (len(case.points), 1)) for name, mean in self._means.items()}


class NearestCase:
    r"""The fields of the most similar training case, each point taking those of the nearest point.

    .. math:: d^2(a, b) = \frac1m \sum_{k=1}^{m} \frac{(a_k - b_k)^2}{\sigma_k^2}
              + \frac{\sum_i (g_i(a) - g_i(b))^2}{\sum_i \sigma^2(g_i)}

    ``a_k`` are the ``m`` global parameters; ``g_i`` is the distance from the wall at fixed probe
    positions, on a grid around all training walls: a description of any shape in 2-D and 3-D that
    does not depend on how it was meshed. Inputs, where there are some, add a third term like the
    second, of their values at the points nearest to the probes. ``sigma`` are standard deviations
    over the training cases.

    Points are compared by position (in extents of the wall) and, ``wall_weight`` times as strongly,
    by the logarithm of their wall distance and the direction to the wall. By position alone
    (weight 0) a point inside the boundary layer often takes the velocity outside of it, which makes
    a baseline that is too easy to beat.
    """

    def __init__(self, store: MeshStore, train: Sequence[int], *, wall_weight: float = 0.1):
        _check_train(train)
        self._store, self._train, self._wall_weight = store, list(train), wall_weight
        self._wall_columns = len(node_feature_names(store.space))
        cases = [store.load(number) for number in self._train]
        self._probes = _probes([case.points[case.wall.point_ids] for case in cases])
        parameters = np.stack([self._parameters(case) for case in cases])
        shapes = np.stack([self._shape(case) for case in cases])
        inputs = np.stack([self._inputs(case) for case in cases])
        self._parameter_scale = _or_one(parameters.std(axis=0)) * np.sqrt(parameters.shape[1] or 1)
        self._shape_scale = float(np.linalg.norm(shapes.std(axis=0))) or 1.0
        self._input_scale = float(np.linalg.norm(inputs.std(axis=0))) or 1.0
        self._tree = KDTree(self._scaled(parameters, shapes, inputs))

    def nearest(self, case: MeshCase | StoredCase) -> int:
        """Number, in the store, of the training case most like ``case``."""
        parts = self._parameters(case), self._shape(case), self._inputs(case)
        _, index = self._tree.query(self._scaled(*(one[None] for one in parts)))
        return self._train[int(np.asarray(index)[0])]

    def predict(self, case: MeshCase | StoredCase) -> Fields:
        """The fields at the points of ``case``, by name."""
        source = self._store.load(self.nearest(case))
        scale = source.wall.extent or 1.0
        _, points = KDTree(self._place(source, scale)).query(self._place(case, scale))
        return {name: values[points] for name, values in source.fields.items()}

    def _parameters(self, case: MeshCase | StoredCase) -> Float[np.ndarray, " parameters"]:
        names = self._store.parameter_names
        missing = [name for name in names if name not in case.parameters]
        if missing:
            raise DataError(f"case {case.name!r} does not say its {missing[0]!r}")
        return np.array([case.parameters[name] for name in names], dtype=np.float64)

    def _shape(self, case: MeshCase | StoredCase) -> Float[np.ndarray, " probes"]:
        distance, _ = KDTree(case.points[case.wall.point_ids]).query(self._probes)
        return distance

    def _inputs(self, case: MeshCase | StoredCase) -> Float[np.ndarray, " values"]:
        given = case.features[:, self._wall_columns :]
        if not given.shape[1]:
            return np.empty(0)
        _, nearest = KDTree(case.points).query(self._probes)
        return given[nearest].ravel()

    def _place(
        self, case: MeshCase | StoredCase, scale: float
    ) -> Float[np.ndarray, "points columns"]:
        about_wall = case.features[:, LOG_DISTANCE_COLUMN : self._wall_columns]
        return np.hstack([case.points / scale, self._wall_weight * about_wall])

    def _scaled(self, parameters: np.ndarray, shapes: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        scaled = (shapes / self._shape_scale, inputs / self._input_scale)
        return np.hstack([parameters / self._parameter_scale, *scaled])


def _probes(walls: Sequence[np.ndarray]) -> Float[np.ndarray, "probes space"]:
    low = np.min([wall.min(axis=0) for wall in walls], axis=0)
    high = np.max([wall.max(axis=0) for wall in walls], axis=0)
    margin = PROBE_MARGIN * (high - low).max()
    axes = [
        np.linspace(start - margin, stop + margin, PROBES_PER_AXIS[len(low)])
        for start, stop in zip(low, high, strict=True)
    ]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(low))


def _or_one(scale: np.ndarray) -> np.ndarray:
    """Spreads to divide by; what does not vary in training is not scaled."""
    return np.where(scale > 0, scale, 1.0)


def _check_train(train: Sequence[int]) -> None:
    if len(train) == 0:
        raise DataError("a baseline needs at least one training case")
