import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from graphformers.errors import ShapeError
from graphformers.kernels import random_walk_probabilities
from graphformers.kernels.random_walk.cases import WALK_CASES
from graphformers.kernels.random_walk.reference import random_walk_probabilities_reference

CLOSE = 1e-12  # float64


@pytest.mark.parametrize("label", WALK_CASES)
def test_return_probabilities_equal_the_reference(label):
    edge_index, ptr = WALK_CASES[label]
    ours = random_walk_probabilities(edge_index, ptr, 7, torch.float64)
    expected = random_walk_probabilities_reference(edge_index, ptr, 7)
    torch.testing.assert_close(ours, expected, rtol=CLOSE, atol=CLOSE)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=40))
def test_drawn_graphs_equal_the_reference(edges):
    edge_index = torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T
    ptr = torch.tensor([0, 9])
    ours = random_walk_probabilities(edge_index, ptr, 5, torch.float64)
    expected = random_walk_probabilities_reference(edge_index, ptr, 5)
    torch.testing.assert_close(ours, expected, rtol=CLOSE, atol=CLOSE)


def test_a_directed_triangle_returns_every_third_step():
    edge_index, ptr = WALK_CASES["directed triangle"]
    assert random_walk_probabilities(edge_index, ptr, 6).tolist() == [[0, 0, 1, 0, 0, 1]] * 3


def test_slabs_change_no_bit(monkeypatch):
    edge_index, _ = WALK_CASES["path and empty graph and ring"]
    edge_index = torch.cat([edge_index, edge_index + 7, edge_index + 14], dim=1)
    ptr = torch.tensor([0, 21])
    whole = random_walk_probabilities(edge_index, ptr, 5)
    monkeypatch.setattr("graphformers.kernels.random_walk.op._SLAB_ENTRIES", 1)
    assert torch.equal(whole, random_walk_probabilities(edge_index, ptr, 5))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_precision_asked_for_is_given(dtype):
    edge_index, ptr = WALK_CASES["dead end"]
    assert random_walk_probabilities(edge_index, ptr, 2, dtype).dtype == dtype


def test_no_steps_give_no_columns():
    edge_index, ptr = WALK_CASES["dead end"]
    assert random_walk_probabilities(edge_index, ptr, 0).shape == (3, 0)


def test_an_edge_between_graphs_is_refused():
    with pytest.raises(ShapeError, match="different graphs"):
        random_walk_probabilities(torch.tensor([[0], [1]]), torch.tensor([0, 1, 2]), 3)


def test_a_node_that_does_not_exist_is_refused():
    with pytest.raises(ShapeError, match="node numbers"):
        random_walk_probabilities(torch.tensor([[0], [5]]), torch.tensor([0, 2]), 3)
