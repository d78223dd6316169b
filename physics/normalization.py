"""Scaling between physical units and what a model computes with, fitted on the training cases."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.configuration import Json
from graphformers.errors import ModelFileError
from graphformers.graph_batch import GraphBatch, GraphSource
from graphformers.physics.conditions import encode_conditions
from graphformers.physics.field_columns import fields_by_name
from graphformers.physics.field_statistics import Moments, field_statistics
from graphformers.physics.mesh_store import MeshStore

TENSORS = ("center", "length", "feature_mean", "feature_std", "condition_mean", "condition_std")
TENSORS += ("field_mean", "field_std")


@dataclass(frozen=True, eq=False, kw_only=True)
class Normalization:
    r"""Positions, wall features, conditions and fields at a common scale.

    .. math:: x \mapsto (x - \bar x) / 2\sigma, \qquad
              f \mapsto (f - \bar f) / \sigma_f

    Positions keep their shape: one length, twice the largest standard deviation, divides all axes.
    So do vectors: one spread divides all components of a field. Conditions are encoded first (see
    ``encode_conditions``). What does not vary in training is not divided.
    """

    parameters: tuple[str, ...]  # in the order of the columns of ``conditions``
    field_components: Mapping[str, int]
    center: Float[Tensor, " space"]
    length: Float[Tensor, ""]
    feature_mean: Float[Tensor, " features"]
    feature_std: Float[Tensor, " features"]
    condition_mean: Float[Tensor, " columns"]
    condition_std: Float[Tensor, " columns"]
    field_mean: Float[Tensor, " components"]
    field_std: Float[Tensor, " components"]

    @staticmethod
    def fit(store: MeshStore, train: Sequence[int]) -> "Normalization":
        """Measure the training cases, one at a time."""
        moments = field_statistics(store, train)
        return Normalization.of_moments(
            moments,
            parameters=store.parameter_names,
            field_components=store.index.field_components,
            conditions=store.conditions(train),
        )

    @staticmethod
    def of_moments(
        moments: Mapping[str, Moments],
        *,
        parameters: tuple[str, ...],
        field_components: Mapping[str, int],
        conditions: Float[Tensor, "graphs parameters"],
    ) -> "Normalization":
        """From the moments of ``x``, ``positions`` and ``target``, and the parameters of all."""
        encoded = encode_conditions(conditions, parameters).float()
        mean = encoded.mean(dim=0)
        spread = field_spread(moments["target"], list(field_components.values()))
        return Normalization(
            parameters=parameters,
            field_components=dict(field_components),
            center=moments["positions"].mean.float(),
            length=or_one(2 * moments["positions"].std.max().float()),
            feature_mean=moments["x"].mean.float(),
            feature_std=or_one(moments["x"].std.float()),
            condition_mean=mean,
            condition_std=or_one((encoded - mean).square().mean(dim=0).sqrt()),
            field_mean=moments["target"].mean.float(),
            field_std=or_one(spread),
        )

    @property
    def space(self) -> int:
        """Space dimension, 2 or 3."""
        return self.center.shape[0]

    def apply(self, batch: GraphBatch) -> GraphBatch:
        """A batch in physical units as the model reads it."""
        positions, conditions, target = batch.positions, batch.conditions, batch.target
        if conditions is not None:
            conditions = encode_conditions(conditions, self.parameters)
            conditions = (conditions - self.condition_mean) / self.condition_std
        return dataclasses.replace(
            batch,
            x=(batch.x - self.feature_mean) / self.feature_std,
            positions=None if positions is None else (positions - self.center) / self.length,
            conditions=conditions,
            target=None if target is None else (target - self.field_mean) / self.field_std,
        )

    def restore(
        self, output: Float[Tensor, "points components"]
    ) -> dict[str, Float[np.ndarray, "points components"]]:
        """What the model computed as fields by name, in physical units."""
        values = (output * self.field_std + self.field_mean).double().numpy()
        return fields_by_name(values, self.field_components)

    def to_json(self) -> Json:
        """As plain JSON values."""
        numbers = {name: getattr(self, name).tolist() for name in TENSORS}
        return {
            "parameters": list(self.parameters),
            "field_components": dict(self.field_components),
            **numbers,
        }

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "Normalization":
        """Read what ``to_json`` wrote; ``ModelFileError`` when something is missing."""
        missing = [
            name for name in ("parameters", "field_components", *TENSORS) if name not in document
        ]
        if missing:
            raise ModelFileError(f"the normalisation lacks {', '.join(missing)}")
        numbers = {name: torch.tensor(document[name], dtype=torch.float32) for name in TENSORS}
        return Normalization(
            parameters=tuple(cast(list[str], document["parameters"])),
            field_components=cast(dict[str, int], document["field_components"]),
            **numbers,
        )


class NormalizedCases:
    """Some cases or steps of a store, read when asked for and normalised."""

    def __init__(self, store: GraphSource, cases: Sequence[int], normalization: Normalization):
        self.store = store
        self.cases = list(cases)
        self.normalization = normalization

    def __len__(self) -> int:
        return len(self.cases)

    def select(self, graphs: Sequence[int] | Tensor) -> GraphBatch:
        """The given cases as one batch."""
        chosen = [self.cases[int(graph)] for graph in graphs]
        return self.normalization.apply(self.store.select(chosen))


def field_spread(moments: Moments, components: Sequence[int]) -> Tensor:
    """Root mean square of the standard deviations of a field's components, for each of them."""
    spreads = moments.std.split(list(components))
    return torch.cat([one.square().mean().sqrt().expand(len(one)) for one in spreads]).float()


def or_one(spread: Tensor) -> Tensor:
    """A spread to divide by: one where nothing varies."""
    return torch.where(spread > 0, spread, torch.ones_like(spread))
