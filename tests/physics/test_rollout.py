"""Rolling out: states fed back, time moved on, prescribed values kept."""

import dataclasses

import pytest
import torch
from torch import nn

from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.physics.rollout import roll_out


class Doubling(nn.Module):
    """Twice the state, plus the time."""

    def forward(self, batch):
        return 2 * batch.x[:, :1] + batch.conditions[batch.batch, :1]


def batch(**changes):
    one = GraphBatch(
        x=torch.tensor([[1.0, 9.0], [2.0, 8.0], [3.0, 7.0]]),
        edge_index=torch.zeros((2, 0), dtype=torch.int64),
        ptr=torch.tensor([0, 2, 3]),
        conditions=torch.tensor([[0.0, 5.0], [1.0, 5.0]]),
    )
    return dataclasses.replace(one, **changes)


def test_every_state_starts_the_next_step_at_its_time():
    first, second = roll_out(Doubling(), batch(), steps=2, time_step=0.5)
    assert first[:, 0].tolist() == [2.0, 4.0, 7.0]
    assert second[:, 0].tolist() == [4.5, 8.5, 15.5]


def test_prescribed_values_replace_predictions_and_feed_the_next_step():
    prescribed = torch.full((2, 3, 1), torch.nan)
    prescribed[:, 1] = 7.0
    first, second = roll_out(Doubling(), batch(), steps=2, time_step=0.5, prescribed=prescribed)
    assert first[:, 0].tolist() == [2.0, 7.0, 7.0]
    assert second[:, 0].tolist() == [4.5, 7.0, 15.5]


def test_gradients_flow_through_all_steps():
    start = batch()
    start.x.requires_grad_()
    *_, last = roll_out(Doubling(), start, steps=3, time_step=0.1)
    last.sum().backward()
    assert start.x.grad[:, 0].tolist() == [8.0, 8.0, 8.0]


def test_a_batch_without_time_is_refused():
    timeless = batch(x=torch.ones(3, 1), conditions=None)
    with pytest.raises(ConfigError, match="time"):
        list(roll_out(nn.Identity(), timeless, steps=2, time_step=1.0))


def test_no_steps_are_refused():
    with pytest.raises(ConfigError, match="at least 1"):
        next(roll_out(Doubling(), batch(), steps=0, time_step=1.0))
