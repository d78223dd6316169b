"""A perceptron over edges, as a whole and some edges at a time."""

import pytest
import torch
from torch import nn

from graphformers.kernels import SparsePattern
from graphformers.layers import row_pieces
from graphformers.layers.edge_linear import EdgeLinear
from graphformers.layers.edge_perceptron import edge_perceptron

FLOAT64 = 1e-12
EDGE_INDEX = torch.tensor([[0, 1, 1, 2, 3, 0, 4], [1, 0, 0, 2, 2, 2, 1]])  # twice 1 to 0; 5 alone
NODES = 6


class Perceptron(nn.Module):
    """One hidden layer and a normalised output, in double precision."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = EdgeLinear(3, 2, 5)
        self.output = nn.Sequential(nn.SiLU(), nn.Linear(5, 4), nn.LayerNorm(4))
        self.double()

    def forward(self, x, edges, pattern):
        parameters = list(self.output.parameters())
        return edge_perceptron(self.first, self.output, parameters, x, edges, pattern)


@pytest.fixture
def inputs():
    torch.manual_seed(1)
    x, edges = torch.randn(NODES, 3), torch.randn(EDGE_INDEX.shape[1], 2)
    return [one.double().requires_grad_() for one in (x, edges)]


@pytest.fixture
def pattern():
    return SparsePattern.from_edge_index(EDGE_INDEX, num_targets=NODES, num_sources=NODES)


@pytest.fixture(params=[1, 3, 7, 100])
def in_stretches(request, monkeypatch):
    """However few edges there are, they go through a few at a time."""
    monkeypatch.setattr(row_pieces, "MANY_ROWS", 1)
    monkeypatch.setattr(row_pieces, "ROWS_AT_A_TIME", {"cpu": request.param})


def literal(model, x, edges):
    source, target = EDGE_INDEX
    joined = torch.cat([x[source], x[target], edges], dim=1)
    return model.output(joined @ model.first.weight.T + model.first.bias)


def test_few_edges_go_at_once(inputs, pattern):
    model = Perceptron()
    torch.testing.assert_close(
        model(*inputs, pattern), literal(model, *inputs), atol=FLOAT64, rtol=0
    )


@pytest.mark.usefixtures("in_stretches")
def test_stretches_and_their_gradients_are_those_of_the_concatenation(inputs, pattern):
    model = Perceptron()
    ours, expected = model(*inputs, pattern), literal(model, *inputs)
    torch.testing.assert_close(ours, expected, atol=FLOAT64, rtol=0)
    upstream = torch.randn_like(ours)
    weights = dict(model.named_parameters())
    wanted = [*inputs, *weights.values()]
    found = torch.autograd.grad(ours, wanted, upstream)
    for name, one, other in zip(
        ["x", "edges", *weights],
        found,
        torch.autograd.grad(expected, wanted, upstream),
        strict=True,
    ):
        torch.testing.assert_close(one, other, atol=FLOAT64, rtol=0, msg=name)


@pytest.mark.usefixtures("in_stretches")
def test_gradients_can_be_differentiated_again(inputs, pattern):
    model = Perceptron()
    assert torch.autograd.gradgradcheck(lambda x, edges: model(x, edges, pattern), inputs)


@pytest.mark.usefixtures("in_stretches")
def test_frozen_weights_and_data_leave_the_other_gradients_alone(inputs, pattern):
    model, (x, edges) = Perceptron(), inputs
    edges.requires_grad_(False)
    model.output[1].requires_grad_(False)
    wanted = [x, *(one for one in model.parameters() if one.requires_grad)]
    for again in (False, True):
        found, expected = (
            torch.autograd.grad(out.square().sum(), wanted, create_graph=again)
            for out in (model(x, edges, pattern), literal(model, x, edges))
        )
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, atol=FLOAT64, rtol=0)


@pytest.mark.usefixtures("in_stretches")
def test_no_edges_give_no_rows(inputs):
    model = Perceptron()
    none = SparsePattern.from_edge_index(EDGE_INDEX[:, :0], num_targets=NODES, num_sources=NODES)
    x, edges = inputs
    out = model(x, edges[:0], none)
    assert out.shape == (0, 4)
    out.sum().backward()
    assert (x.grad == 0).all()


@pytest.mark.usefixtures("in_stretches")
def test_without_gradients_the_numbers_are_the_same(inputs, pattern):
    model = Perceptron()
    learning = model(*inputs, pattern)
    with torch.no_grad():
        assert torch.equal(model(*inputs, pattern), learning)
