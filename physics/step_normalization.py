"""The scales of a stepper: those of the state, of its change, of time and of parameters."""

import dataclasses
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.graph_batch import GraphBatch
from graphformers.physics.field_statistics import batch_columns, field_statistics
from graphformers.physics.normalization import Normalization, field_spread, or_one
from graphformers.physics.series_store import SeriesStore
from graphformers.physics.step_training import predicted_nodes


def fit_steps(
    store: SeriesStore, train: Sequence[int]
) -> tuple[Normalization, Float[Tensor, " components"]]:
    """Scales measured on the training steps, and the spread of one step's normalised change.

    State and next state share one scale; the one-hot code of the nodes is left as it is. The change
    is measured where the model has the say, one spread for all components of a vector.
    """
    found = field_statistics(store, train, _columns)
    parts = list(store.index.field_components.values())
    scales = Normalization.of_moments(
        found,
        parameters=store.parameter_names,
        field_components=store.index.field_components,
        conditions=store.conditions(train),
    )
    kinds = torch.zeros(found["x"].mean.shape[0] - store.components)
    normalization = dataclasses.replace(
        scales,
        feature_mean=torch.cat([scales.field_mean, kinds]),
        feature_std=torch.cat([scales.field_std, kinds + 1]),
    )
    return normalization, or_one(field_spread(found["change"], parts) / scales.field_std)


def _columns(batch: GraphBatch) -> dict[str, Tensor]:
    columns = batch_columns(batch)
    target = columns["target"]
    change = (target - batch.x[:, : target.shape[1]])[predicted_nodes(batch)]
    return {**columns, "change": change}
