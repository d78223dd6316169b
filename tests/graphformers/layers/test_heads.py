"""Heads: pooling and the MLPs behind it."""

import pytest
import torch

from graphformers.errors import ConfigError
from graphformers.layers import GraphHead, HalvingHead, NodeHead, UnitRowMLP

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
