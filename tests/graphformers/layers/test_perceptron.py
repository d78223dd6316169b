"""Two linear maps that keep nothing between them."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from graphformers.layers import row_pieces
from graphformers.layers.perceptron import perceptron

ACTIVATIONS = [F.relu, F.gelu, F.silu, torch.tanh]


@pytest.fixture(params=["at once", 1, 2, 5])
def however_divided(request, monkeypatch):
    """All rows at once, or so many at a time."""
    if request.param != "at once":
        monkeypatch.setattr(row_pieces, "MANY_ROWS", 1)
        monkeypatch.setattr(row_pieces, "ROWS_AT_A_TIME", {"cpu": request.param})


def drawn() -> tuple[torch.Tensor, nn.Linear, nn.Linear]:
    torch.manual_seed(0)
    x = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    return x, nn.Linear(4, 6).double(), nn.Linear(6, 3).double()


@pytest.mark.usefixtures("however_divided")
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_it_and_its_gradients_are_those_of_the_maps_in_turn(activation):
    x, first, second = drawn()
    wanted = [x, *first.parameters(), *second.parameters()]
    actual = perceptron(x, first, second, activation)
    expected = second(activation(first(x)))
    torch.testing.assert_close(actual, expected)
    with torch.no_grad():
        assert torch.equal(perceptron(x, first, second, activation), actual)
    gradients = (torch.autograd.grad(y.square().sum(), wanted) for y in (actual, expected))
    for mine, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.usefixtures("however_divided")
@pytest.mark.parametrize("activation", ACTIVATIONS[1:])
def test_second_derivatives_are_right(activation):
    x, first, second = drawn()
    assert torch.autograd.gradgradcheck(lambda x: perceptron(x, first, second, activation), (x,))


@pytest.mark.usefixtures("however_divided")
@pytest.mark.parametrize("frozen", ["data", "first map"])
def test_what_needs_no_gradient_does_not_stop_the_second_derivatives_of_the_rest(frozen):
    x, first, second = drawn()
    for one in {"data": [x], "first map": first.parameters()}[frozen]:
        one.requires_grad_(False)

    def penalty(y):
        (slope,) = torch.autograd.grad(y.square().sum(), second.weight, create_graph=True)
        return torch.autograd.grad(slope.square().sum(), second.weight)[0]

    expected = penalty(second(F.silu(first(x))))
    torch.testing.assert_close(penalty(perceptron(x, first, second, F.silu)), expected)


def test_the_hidden_rows_are_not_kept():
    x, first, second = drawn()
    kept: list[torch.Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda one: kept.append(one) or one, lambda x: x):
        perceptron(x, first, second, F.relu)
    given = {one.data_ptr() for one in (x, *first.parameters(), *second.parameters())}
    assert {one.data_ptr() for one in kept} <= given


def test_sums_over_pieces_of_half_precision_are_kept_in_single(monkeypatch):
    _, first, second = (one.bfloat16() for one in drawn())
    x = torch.rand(4096, 4, dtype=torch.bfloat16)
    at_once = torch.autograd.grad(perceptron(x, first, second, F.silu).sum(), second.bias)
    monkeypatch.setattr(row_pieces, "MANY_ROWS", 1)
    monkeypatch.setattr(row_pieces, "ROWS_AT_A_TIME", {"cpu": 3})
    by_pieces = torch.autograd.grad(perceptron(x, first, second, F.silu).sum(), second.bias)
    torch.testing.assert_close(by_pieces, at_once, rtol=1e-2, atol=0)
