"""Linear maps of many rows give what torch's layer gives."""

import pytest
import torch
from torch import nn

from graphformers.layers.linear_rows import linear_rows

ROUNDING = 1e-5  # float32, sums in another order


@pytest.mark.parametrize("count", [0, 1, 7, 5000])
@pytest.mark.parametrize("with_residual", [False, True])
def test_result_and_gradients_are_those_of_the_layer(count, with_residual):
    torch.manual_seed(0)
    layer = nn.Linear(16, 24)
    rows = torch.randn(count, 16, requires_grad=True)
    residual = torch.randn(count, 24, requires_grad=True) if with_residual else None
    wanted = [rows, *layer.parameters(), *([residual] if with_residual else [])]
    expected = layer(rows) if residual is None else residual + layer(rows)
    actual = linear_rows(rows, layer, residual)
    weights = torch.randn_like(expected)
    torch.testing.assert_close(actual, expected, atol=ROUNDING, rtol=ROUNDING)
    found = (torch.autograd.grad((y * weights).sum(), wanted) for y in (actual, expected))
    for mine, theirs in zip(*found, strict=True):
        scale = theirs.abs().max() if theirs.numel() else torch.tensor(1.0)
        assert (mine - theirs).abs().sum() == 0 or (mine - theirs).abs().max() <= ROUNDING * scale


def test_second_derivatives_pass_through_many_rows():
    torch.manual_seed(0)
    layer = nn.Linear(4, 4)
    rows = torch.randn(4096, 4, requires_grad=True)
    (first,) = torch.autograd.grad(linear_rows(rows, layer).pow(3).sum(), rows, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), rows)
    (plain,) = torch.autograd.grad(layer(rows).pow(3).sum(), rows, create_graph=True)
    (expected,) = torch.autograd.grad(plain.square().sum(), rows)
    assert (second - expected).abs().max() <= ROUNDING * expected.abs().max()


def test_it_compiles_into_one_graph():
    layer = nn.Linear(4, 4)
    compiled = torch.compile(linear_rows, fullgraph=True, dynamic=True, backend="eager")
    rows = torch.randn(4096, 4)
    torch.testing.assert_close(compiled(rows, layer), linear_rows(rows, layer))
