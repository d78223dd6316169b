"""Functions of rows, some rows at a time."""

import pytest
import torch
from torch import nn

from graphformers.layers import row_pieces
from graphformers.layers.row_pieces import by_pieces


@pytest.fixture(params=["at once", 1, 3, 7])
def however_divided(request, monkeypatch):
    """All rows at once, or so many at a time."""
    if request.param != "at once":
        monkeypatch.setattr(row_pieces, "MANY_ROWS", 1)
        monkeypatch.setattr(row_pieces, "ROWS_AT_A_TIME", {"cpu": request.param})


@pytest.fixture
def rows():
    torch.manual_seed(0)
    return torch.randn(7, 4, dtype=torch.float64, requires_grad=True)


@pytest.fixture
def network():
    torch.manual_seed(1)
    return nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 5), nn.SiLU(), nn.Linear(5, 2)).double()


def divided(network, rows):
    return by_pieces(network, list(network.parameters()), rows)


@pytest.mark.usefixtures("however_divided")
def test_values_and_gradients_are_those_of_all_rows_at_once(rows, network):
    wanted = [rows, *network.parameters()]
    outputs = (divided(network, rows), network(rows))
    plain, recomputed = ([out, *torch.autograd.grad(out.square().sum(), wanted)] for out in outputs)
    for actual, expected in zip(plain, recomputed, strict=True):
        torch.testing.assert_close(actual, expected)
    with torch.no_grad():
        assert torch.equal(divided(network, rows), outputs[0])


@pytest.mark.usefixtures("however_divided")
def test_gradients_of_gradients_are_right(rows, network):
    assert torch.autograd.gradgradcheck(lambda rows: divided(network, rows), (rows,))


@pytest.mark.usefixtures("however_divided")
def test_frozen_parameters_get_no_gradient(rows, network):
    network[1].requires_grad_(False)
    divided(network, rows).sum().backward()
    assert network[1].weight.grad is None
    assert all(one.grad.abs().sum() > 0 for one in (rows, network[3].weight))


def test_only_the_rows_are_kept(rows, network, monkeypatch):
    monkeypatch.setattr(row_pieces, "MANY_ROWS", 1)
    kept: list[torch.Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda one: kept.append(one) or one, lambda x: x):
        divided(network, rows)
    given = {one.data_ptr() for one in (rows, *network.parameters())}
    assert {one.data_ptr() for one in kept} <= given


def test_rows_go_piece_by_piece_in_order():
    rows = torch.empty(5000, 1)
    pieces = [*row_pieces.row_pieces(rows)]
    assert [piece.start for piece in pieces] == [0, 2048, 4096]
    assert torch.cat([rows[piece] for piece in pieces]).shape == rows.shape


def test_elsewhere_pieces_are_larger():
    rows = torch.empty(1 << 19, 1, device="meta")
    assert len([*row_pieces.row_pieces(rows)]) == 2
