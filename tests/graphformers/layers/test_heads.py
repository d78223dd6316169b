"""Heads: pooling and the MLPs behind it."""

import pytest
import torch

from graphformers.errors import ConfigError
from graphformers.layers import GraphHead, HalvingHead, NodeHead, UnitRowMLP
from graphformers.layers.heads import PairHead, SequenceHead

ROUNDING = 1e-6
PTR = torch.tensor([0, 2, 5])


@pytest.fixture
def x() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(5, 8)


@pytest.mark.parametrize("pool", ["sum", "mean", "max"])
def test_the_halving_head_pools_then_halves(x, pool):
    head = HalvingHead(8, 3, pool=pool)
    reduce = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}[pool]
    pooled = torch.stack([reduce(x[:2], dim=0), reduce(x[2:], dim=0)])
    first, second, third = head.mlp.layers
    assert [layer.out_features for layer in head.mlp.layers] == [4, 2, 3]
    expected = third(second(first(pooled).relu()).relu())
    torch.testing.assert_close(head(x, PTR), expected, atol=ROUNDING, rtol=0)


def test_hidden_rows_have_length_one(x):
    mlp = UnitRowMLP(8, 2, layers=3)
    seen = []
    mlp.output.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    mlp(x)
    torch.testing.assert_close(seen[0].norm(dim=1), torch.ones(5), atol=ROUNDING, rtol=0)


def test_one_layer_is_a_linear_map(x):
    head = GraphHead(8, 2, pool="sum", layers=1)
    expected = head.mlp.output(torch.stack([x[:2].sum(0), x[2:].sum(0)]))
    torch.testing.assert_close(head(x, PTR), expected, atol=ROUNDING, rtol=0)


def test_a_node_head_predicts_for_every_node(x):
    head = NodeHead(8, 2, layers=2)
    assert torch.equal(head(x, PTR), head.mlp(x))


def test_an_mlp_without_layers_is_refused():
    with pytest.raises(ConfigError, match="at least one layer"):
        UnitRowMLP(8, 2, layers=0)


def test_a_sequence_head_has_a_linear_map_for_every_position(x):
    head = SequenceHead(8, positions=3, words=7, pool="mean")
    logits = head(x, PTR).unflatten(1, (3, 7))
    pooled = torch.stack([x[:2].mean(0), x[2:].mean(0)])
    for position in range(3):
        rows = slice(7 * position, 7 * position + 7)
        expected = pooled @ head.linear.weight[rows].T + head.linear.bias[rows]
        torch.testing.assert_close(logits[:, position], expected, atol=ROUNDING, rtol=0)


def test_a_pair_head_multiplies_the_two_nodes_of_every_pair_inside_a_graph(x):
    head = PairHead(8, layers=2)
    encoded = head.mlp(x)
    pairs = [(i, j) for graph in ((0, 1), (2, 3, 4)) for i in graph for j in graph]
    expected = torch.stack([(encoded[i] * encoded[j]).sum() for i, j in pairs])
    torch.testing.assert_close(head(x, PTR).squeeze(1), expected, atol=ROUNDING, rtol=0)


def test_a_pair_head_scores_any_given_pairs(x):
    head = PairHead(8, layers=1)
    encoded = head.mlp(x)
    ends = torch.tensor([[4, 0], [2, 1]])
    expected = torch.stack([encoded[4] @ encoded[2], encoded[0] @ encoded[1]]).unsqueeze(1)
    torch.testing.assert_close(head.score(x, ends), expected, atol=ROUNDING, rtol=0)
