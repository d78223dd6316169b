"""Integrated gradients and occlusion, on models whose answer is known."""

from dataclasses import replace

import pytest
import torch

from graphformers.errors import ConfigError, ShapeError
from graphformers.explain import (
    embedded_input,
    explained_output,
    integrated_gradients,
    mean_input,
    occlusion,
)
from graphformers.explain.model_input import changed_input, evaluating

ROUNDING = 1e-5
METHODS = {"integrated gradients": integrated_gradients, "occlusion": occlusion}


@pytest.fixture(params=METHODS, ids=str)
def attribute(request):
    return METHODS[request.param]


def exact(model, batch, task, baseline):
    """Contributions to a linear function: they do not depend on the method."""
    states = embedded_input(model, batch) - baseline
    return states @ model.head.mlp.output.weight[task].detach()


@pytest.mark.parametrize("task", [0, 1])
def test_a_linear_model_is_taken_apart_exactly(linear, batch, attribute, task):
    given = attribute(linear, batch, task=task)
    torch.testing.assert_close(given, exact(linear, batch, task, 0), atol=ROUNDING, rtol=ROUNDING)


def test_the_baseline_is_what_contributions_start_from(linear, batch, attribute):
    baseline = torch.linspace(-1, 1, 8)
    given = attribute(linear, batch, baseline=baseline)
    expected = exact(linear, batch, 0, baseline)
    torch.testing.assert_close(given, expected, atol=ROUNDING, rtol=ROUNDING)


def test_a_node_like_the_baseline_adds_nothing(deep, batch, attribute):
    features = batch.x.clone()
    features[2] = 0.5
    batch = replace(batch, x=features)
    baseline = embedded_input(deep, batch)[2]
    given = attribute(deep, batch, baseline=baseline)
    assert given[2].abs() < ROUNDING
    assert (given[[0, 1, 3]].abs() > ROUNDING).all()


def test_a_node_adds_nothing_to_another_node_where_nothing_is_exchanged(
    linear_per_node, batch, attribute
):
    rows = torch.zeros(8, dtype=torch.bool)
    rows[[1, 6]] = True
    given = attribute(linear_per_node, batch, rows=rows)
    expected = exact(linear_per_node, batch, 0, 0) * rows
    torch.testing.assert_close(given, expected, atol=ROUNDING, rtol=ROUNDING)


def test_every_node_counts_where_nodes_are_predicted(linear_per_node, batch):
    output = explained_output(linear_per_node, batch, 1)
    rows = linear_per_node(batch)[:, 1]
    expected = torch.stack([rows[:4].sum(), rows[4], rows[5:].sum()])
    torch.testing.assert_close(output, expected)


def test_graphs_do_not_share_contributions(deep, batch, attribute):
    together = attribute(deep, batch)
    alone = torch.cat([attribute(deep, batch.select([graph])) for graph in range(3)])
    torch.testing.assert_close(together, alone, atol=ROUNDING, rtol=1e-3)


def test_occlusion_does_not_depend_on_how_much_fits_into_memory(deep, batch, monkeypatch):
    whole = occlusion(deep, batch)
    monkeypatch.setattr("graphformers.explain.occluded_nodes.NODES_AT_A_TIME", 5)
    torch.testing.assert_close(occlusion(deep, batch), whole, atol=ROUNDING, rtol=ROUNDING)


def test_more_points_bring_the_sum_nearer_to_the_change(deep, batch):
    with torch.no_grad(), changed_input(deep, torch.zeros_like):
        start = explained_output(deep, batch)
    change = explained_output(deep, batch).detach() - start

    def error(steps):
        given = integrated_gradients(deep, batch, steps=steps)
        sums = torch.stack([one.sum() for one in given.split([4, 1, 3])])
        return (sums - change).abs().mean()

    assert error(128) < 0.2 * error(2)
    assert error(128) < 0.02 * change.abs().mean()


def test_the_average_node_is_the_mean_over_the_data_set(linear, batch, monkeypatch):
    monkeypatch.setattr("graphformers.explain.model_input.GRAPHS_AT_A_TIME", 2)
    expected = embedded_input(linear, batch).mean(dim=0)
    torch.testing.assert_close(mean_input(linear, batch), expected)


def test_dropout_is_off_and_every_module_keeps_its_mode(deep, batch, attribute):
    for module in deep.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.5
    expected = attribute(deep, batch)
    deep.train()
    deep.blocks[1].output_norm.eval()
    modes = [module.training for module in deep.modules()]
    assert torch.equal(attribute(deep, batch), expected)
    assert [module.training for module in deep.modules()] == modes


def test_a_failure_leaves_no_hook_behind(deep, batch):
    before = deep(batch)
    with pytest.raises(RuntimeError, match="stop"), evaluating(deep), changed_input(deep, stop):
        deep(batch)
    assert torch.equal(deep(batch), before)


def stop(embedded):
    raise RuntimeError("stop")


def test_no_gradient_is_left_on_the_parameters(deep, batch, attribute):
    attribute(deep, batch)
    assert all(parameter.grad is None for parameter in deep.parameters())


def test_mistakes_are_named(deep, batch, attribute):
    with pytest.raises(ConfigError, match=r"task must lie in 0 \.\.\. 1; got 2"):
        attribute(deep, batch, task=2)
    with pytest.raises(ShapeError, match=r"rows must be \(3,\); got \(8,\)"):
        attribute(deep, batch, rows=torch.ones(8, dtype=torch.bool))
    with pytest.raises(ConfigError, match="steps must be at least 1"):
        integrated_gradients(deep, batch, steps=0)
