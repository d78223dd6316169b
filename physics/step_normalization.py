"""The scales of a stepper: those of the state, of its change, of time and of parameters."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.physics.conditions import encode_conditions
from graphformers.physics.field_statistics import Moments, merged_moments, moments
from graphformers.physics.models.required import required
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
    found = _measured(store, train)
    components = list(store.index.field_components.values())
    field_std = or_one(field_spread(found["target"], components))
    field_mean = found["target"].mean.float()
    kinds = found["x"].mean.shape[0] - store.components
    conditions = found["conditions"]
    normalization = Normalization(
        parameters=store.parameter_names,
        field_components=dict(store.index.field_components),
        center=found["positions"].mean.float(),
        length=or_one(2 * found["positions"].std.max().float()),
        feature_mean=torch.cat([field_mean, torch.zeros(kinds)]),
        feature_std=torch.cat([field_std, torch.ones(kinds)]),
        condition_mean=conditions.mean.float(),
        condition_std=or_one(conditions.std.float()),
        field_mean=field_mean,
        field_std=field_std,
    )
    change = or_one(field_spread(found["change"], components) / field_std)
    return normalization, change


def _measured(store: SeriesStore, train: Sequence[int]) -> dict[str, Moments]:
    found: dict[str, Moments] = {}
    for graph in train:
        batch = store.select([graph])
        target = required("target", batch.target, store.components)
        positions = required("positions", batch.positions, store.index.space)
        conditions = required("conditions", batch.conditions, len(store.parameter_names))
        chosen = predicted_nodes(batch)
        parts = {
            "x": batch.x,
            "positions": positions,
            "conditions": encode_conditions(conditions.double(), store.parameter_names),
            "target": target,
            "change": (target - batch.x[:, : target.shape[1]])[chosen],
        }
        for name, values in parts.items():
            one = moments(values.double())
            found[name] = merged_moments(found[name], one) if name in found else one
    return found
