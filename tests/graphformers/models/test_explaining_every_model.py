"""What explanations promise, on every graph model there is."""

import pytest
import torch

from graphformers.errors import DataError
from graphformers.explain import (
    ablated_heads,
    analyse_heads,
    attention_layers,
    attention_weights,
    embedded_input,
    explained_output,
    head_deviation,
    integrated_gradients,
    occlusion,
)
from graphformers.explain.model_input import changed_input

ROUNDING = 1e-5  # float32, sums in another order
QUADRATURE = 0.02  # of the largest change: activations bend the line at any place


@pytest.fixture
def model(case):
    return case.model().eval()


@pytest.fixture
def batch(case):
    return case.batch()


def per_graph(values, batch):
    return torch.stack([one.sum() for one in values.split(batch.ptr.diff().tolist())])


@pytest.mark.slow  # with run-time shape checks
def test_integrated_gradients_add_up_to_the_change_from_the_baseline(model, batch):
    baseline = 0.1 * embedded_input(model, batch).mean(dim=0)
    given = integrated_gradients(model, batch, baseline=baseline, steps=128)
    with torch.no_grad():
        whole = explained_output(model, batch)
        with changed_input(model, baseline.expand_as):
            start = explained_output(model, batch)
    change = whole - start
    error = (per_graph(given, batch) - change).abs().max()
    assert change.abs().max() > 0
    assert error < QUADRATURE * change.abs().max()


def test_occlusion_is_the_change_when_one_node_is_hidden(model, batch):
    changes = occlusion(model, batch)
    chosen = int(batch.ptr[2]) + 1

    def hide(embedded):
        hidden = embedded.clone()
        hidden[chosen] = 0
        return hidden

    with torch.no_grad():
        whole = explained_output(model, batch)
        with changed_input(model, hide):
            without = explained_output(model, batch)
    torch.testing.assert_close(
        changes[chosen], (whole - without)[2], atol=ROUNDING, rtol=10 * ROUNDING
    )
    assert changes.shape == (batch.num_nodes,)


def test_attention_into_a_node_adds_up_to_one_in_every_head(case, model, batch):
    for record in attention_weights(model, batch):
        source, target = record.pattern.edge_index
        sums = torch.zeros(record.pattern.num_targets, record.weight.shape[1])
        sums = sums.index_add(0, target, record.weight)
        reached = record.pattern.row_ptr.diff() > 0
        torch.testing.assert_close(
            sums[reached], torch.ones_like(sums[reached]), atol=ROUNDING, rtol=0
        )
        assert torch.equal(batch.batch[source], batch.batch[target])


def test_weights_are_recorded_for_every_attention_layer_in_order(case, model, batch):
    names = [record.layer for record in attention_weights(model, batch)]
    if "performer" in case.name:
        assert names == []
    else:
        assert names == list(attention_layers(model))


def test_a_layer_without_any_head_gives_only_the_bias_of_the_map_that_mixes_them(model, batch):
    layers = attention_layers(model)
    outputs = {}
    with torch.no_grad(), ablated_heads(model, {n: range(m.heads) for n, m in layers.items()}):
        for name, layer in layers.items():
            mixing = getattr(layer, "output", layer)
            mixing.register_forward_hook(
                lambda module, inputs, output, name=name: outputs.update({name: output})
            )
        model(batch)
    for name, layer in layers.items():
        output = outputs[name]
        if isinstance(output, tuple):
            assert (output[0] == 0).all()
            assert (output[1] != 0).any()
        else:
            assert torch.equal(output, layer.output.bias.expand_as(output))


def test_only_message_passing_has_no_attention_layer(case, model):
    assert bool(attention_layers(model)) != any(
        word in case.name for word in ("virtual", "vn", "local")
    )


def test_an_ablated_head_moves_its_graph_and_comes_back(case, model, batch):
    before = model(batch)
    if not attention_layers(model):
        with pytest.raises(DataError, match="0 layers"):
            head_deviation(model, batch)
        return
    deviation = head_deviation(model, batch)
    assert deviation.shape[0] == len(batch)
    assert (deviation[2] > 0).all()
    alone = head_deviation(model, batch.select([2]))
    torch.testing.assert_close(deviation[2:3], alone, atol=ROUNDING, rtol=1e-2)
    assert torch.equal(model(batch), before)


def test_heads_are_analysed_whatever_the_size_of_a_step(case, model, batch):
    if not attention_weights(model, batch):
        with pytest.raises(DataError):
            analyse_heads(model, batch)
        return
    whole, steps = analyse_heads(model, batch), analyse_heads(model, batch, batch_size=3)
    torch.testing.assert_close(whole.deviation, steps.deviation, atol=ROUNDING, rtol=1e-2)
    torch.testing.assert_close(whole.focus, steps.focus, equal_nan=True)
    known = whole.focus[whole.focus.isfinite()]
    assert len(known) > 0
    assert ((known >= 0) & (known <= 1)).all()
