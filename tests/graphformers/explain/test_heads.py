"""Attention weights, ablated heads and the figures made of them, by hand."""

from dataclasses import replace

import pytest
import torch

from graphformers.errors import ConfigError, DataError
from graphformers.explain import (
    AttentionWeights,
    ablated_heads,
    analyse_heads,
    attention_weights,
    focus,
    head_deviation,
    received_attention,
    specialization,
)
from graphformers.kernels import SparsePattern

ROUNDING = 1e-5
FIRST = "blocks.0.attention"


@pytest.fixture
def record():
    """Three nodes, the last of a graph of its own; one edge comes twice."""
    ends = torch.tensor([[0, 1, 1, 0, 2], [1, 0, 0, 0, 2]])
    pattern = SparsePattern.from_edge_index(ends, num_targets=3, num_sources=3)
    weight = torch.tensor([[1.0], [0.5], [0.2], [0.3], [1.0]])
    gate = torch.tensor([[-2.0], [1.0], [1.0], [1.0], [0.5]])
    return AttentionWeights(layer="one", pattern=pattern, weight=weight, gate=gate)


def test_a_matrix_has_targets_as_rows_and_sources_as_columns(record):
    expected = torch.tensor([[[0.3, 0.7], [-2.0, 0.0]]])
    torch.testing.assert_close(record.matrix(slice(0, 2)), expected)
    torch.testing.assert_close(record.matrix(slice(2, 3)), torch.tensor([[[0.5]]]))


def test_attention_received_adds_up_over_those_that_look_whatever_the_sign(record, batch):
    received = received_attention([record], batch)
    torch.testing.assert_close(received, torch.tensor([[[2.3]], [[0.7]], [[0.5]]]))


def test_full_attention_is_that_of_the_definition(deep, batch):
    first, _ = attention_weights(deep, batch)
    layer = deep.blocks[0].attention
    x, _ = deep.embed(batch)
    query, key, _ = layer.query_key_value(x[:4]).unflatten(-1, (3, 2, -1)).unbind(1)
    logits = torch.einsum("ihd,jhd->hij", query, key) / 4**0.5
    torch.testing.assert_close(
        first.matrix(slice(0, 4)), logits.softmax(-1), atol=ROUNDING, rtol=ROUNDING
    )


def test_the_padded_layout_has_the_weights_of_the_sparse_one_and_stays_padded(deep, batch):
    deep.config = replace(deep.config, layout="padded")
    padded = attention_weights(deep, batch)
    assert deep.config.layout == "padded"
    sparse = type(deep)(deep.config.__class__(**{**vars(deep.config), "layout": "sparse"}))
    sparse.load_state_dict(deep.state_dict())
    for one, other in zip(padded, attention_weights(sparse.eval(), batch), strict=True):
        assert torch.equal(one.weight, other.weight)


def test_an_ablated_head_is_a_head_whose_output_columns_are_zero(deep, batch):
    with ablated_heads(deep, {FIRST: [1]}):
        ablated = deep(batch)
    weight = deep.blocks[0].attention.output.weight
    with torch.no_grad():
        weight[:, 4:] = 0.0
    torch.testing.assert_close(ablated, deep(batch), atol=ROUNDING, rtol=ROUNDING)


def test_deviation_is_the_mean_absolute_change_over_tasks(deep, batch):
    with torch.no_grad():
        whole = deep(batch)
        with ablated_heads(deep, {FIRST: [1]}):
            without = deep(batch)
    expected = (whole - without).abs().mean(dim=1)
    torch.testing.assert_close(head_deviation(deep, batch)[:, 0, 1], expected)


def test_a_head_that_nobody_reads_deviates_by_zero(deep, batch):
    with torch.no_grad():
        deep.blocks[1].attention.output.weight[:, :4] = 0.0
    deviation = head_deviation(deep, batch)
    assert (deviation[:, 1, 0] == 0).all()
    assert (deviation[:, 1, 1] > 0).all()


def test_equal_heads_are_not_specialised_and_a_single_one_that_matters_is():
    equal = torch.full((1, 2, 4), 0.3)
    single = torch.zeros(1, 2, 4)
    single[0, 1, 2] = 0.8
    assert specialization(equal).item() == pytest.approx(0.0, abs=ROUNDING)
    mean = 0.8 / 8
    spread = ((7 * mean**2 + (0.8 - mean) ** 2) / 8) ** 0.5
    assert specialization(single).item() == pytest.approx(spread, rel=1e-5)


def received(*heads):
    """One layer; a column of numbers for each head."""
    return torch.tensor(heads, dtype=torch.float32).T.unsqueeze(1)


def test_focus_is_the_mean_overlap_of_the_nodes_looked_at_most(batch):
    path = batch.select([0])
    looks = received([9, 8, 1, 0], [8, 9, 0, 1], [9, 0, 1, 8])  # {0, 1}, {0, 1}, {0, 3}
    deviation = torch.tensor([[[3.0, 2.0, 1.0]]])
    assert focus(deviation, looks, path).item() == pytest.approx((1 + 1 / 3 + 1 / 3) / 3)
    assert focus(deviation, looks, path, top_nodes=1).item() == pytest.approx((0 + 1 + 0) / 3)


def test_focus_leaves_out_heads_that_hardly_matter(batch):
    path = batch.select([0])
    looks = received([9, 8, 1, 0], [0, 1, 8, 9], [9, 8, 1, 0])
    deviation = torch.tensor([[[3.0, 0.1, 2.0]]])
    assert focus(deviation, looks, path, top_heads=2).item() == 1.0
    assert focus(deviation, looks, path, top_heads=3).item() == pytest.approx(1 / 3)


def test_a_single_node_has_no_focus_and_does_not_count_in_the_average(deep, batch):
    analysis = analyse_heads(deep, batch)
    assert analysis.focus.isnan().tolist() == [False, True, False]
    average = analysis.average()
    assert average.focus == pytest.approx(analysis.focus[[0, 2]].mean().item())
    torch.testing.assert_close(average.deviation, analysis.deviation.mean(dim=0))
    torch.testing.assert_close(
        analysis.layer_specialization, analysis.deviation.std(dim=2, correction=0)
    )
    assert average.specialization == pytest.approx(analysis.specialization.mean().item())


def test_mistakes_are_named(deep, linear, batch):
    unknown = ablated_heads(deep, {"blocks.0.attn": [0]})
    with pytest.raises(ConfigError, match=r"no attention layer 'blocks.0.attn'.*blocks"), unknown:
        pass
    outside = ablated_heads(deep, {FIRST: [2]})
    with pytest.raises(ConfigError, match=r"has heads 0 \.\.\. 1; got \[2\]"), outside:
        pass
    with pytest.raises(DataError, match="0 layers"):
        analyse_heads(linear, batch)
    with pytest.raises(DataError, match="the data set has none"):
        analyse_heads(deep, batch.select([]))
    with pytest.raises(ConfigError, match="need two heads and a node"):
        analyse_heads(deep, batch, top_heads=1)
