"""From one state to many: a transient model asked again and again."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, repeat

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch


def roll_out(
    model: Callable[[GraphBatch], Float[Tensor, "nodes components"]],
    batch: GraphBatch,
    *,
    steps: int,
    time_step: float,
    prescribed: Iterable[Float[Tensor, "nodes components"]] | None = None,
) -> Iterator[Float[Tensor, "nodes components"]]:
    """The states after 1, 2, ... ``steps`` steps of a model that predicts the next state.

    ``batch.x`` begins with the first state, ``batch.conditions`` with its time; each step starts
    from the one before, its time ``time_step`` later. Where the entry of ``prescribed`` for a step
    (boundary values, say) is not NaN, it replaces the prediction; where the entries end, so does
    the roll-out. One state is in memory at a time; gradients flow through all steps unless switched
    off.
    """
    if steps < 1:
        raise ConfigError(f"steps must be at least 1; got {steps}")
    for held in repeat(None, steps) if prescribed is None else islice(prescribed, steps):
        state = model(batch)
        if held is not None:
            state = torch.where(held.isnan(), state, held)
        yield state
        batch = advanced(batch, state, time_step)


def advanced(batch: GraphBatch, state: Tensor, time_step: float) -> GraphBatch:
    """The batch one step later: the new state in place of the old one, the time moved on."""
    conditions = batch.conditions
    if conditions is None:
        raise ConfigError("a roll-out needs the time in the first column of conditions")
    return dataclasses.replace(
        batch,
        x=torch.cat([state, batch.x[:, state.shape[1] :]], dim=-1),
        conditions=torch.cat([conditions[:, :1] + time_step, conditions[:, 1:]], dim=-1),
    )
