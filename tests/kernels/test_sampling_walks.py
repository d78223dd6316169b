import itertools

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given
from scipy.stats import chisquare

from graphformers.errors import ShapeError
from graphformers.kernels import random_walks
from graphformers.kernels.sampling.neighbors.cases import csr_graph, random_graph
from graphformers.kernels.sampling.walks.reference import step_chances

IMPROBABLE = 1e-3  # of a fair walk; seeds are fixed, so a fair walk passes for good
WALKS = 20_000


def assert_follows(counts: torch.Tensor, chances: torch.Tensor) -> None:
    possible = chances > 0
    assert not counts[~possible].any()
    if possible.sum() > 1:
        expected = chances[possible] * counts.sum()
        assert chisquare(counts[possible], expected).pvalue > IMPROBABLE


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=40), st.integers(0, 9))
def test_every_step_follows_an_edge_and_ends_stay_ends(edges, steps):
    graph = csr_graph(edges, 8)
    walks = random_walks(graph.indptr, graph.indices, torch.arange(8), steps, p=0.5, q=2.0)
    assert walks.shape == (8, steps + 1)
    assert torch.equal(walks[:, 0], torch.arange(8))
    known = set(edges)
    for walk in walks.tolist():
        for before, after in itertools.pairwise(walk):
            if after < 0:
                assert before < 0 or not any(target == before for _, target in known)
            else:
                assert (after, before) in known  # rows are targets


# a triangle with a tail and a loop, both directions, one edge doubled
TELLING = csr_graph(
    [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0), (2, 3), (3, 2), (2, 3), (1, 3), (1, 1)], 4
)


@pytest.mark.parametrize(
    ("p", "q"), [(1.0, 1.0), (0.25, 4.0), (4.0, 0.5), (40.0, 40.0), (0.02, 1.0)]
)
def test_steps_have_the_chances_of_node2vec(p, q):
    starts = torch.arange(4).repeat(WALKS // 4)
    walks = random_walks(TELLING.indptr, TELLING.indices, starts, 2, p=p, q=q)
    for start in range(4):
        first = walks[walks[:, 0] == start, 1]
        chances = step_chances(TELLING, start, None, p, q)
        assert_follows(torch.bincount(first, minlength=4), chances)
        for node in first.unique().tolist():
            second = walks[(walks[:, 0] == start) & (walks[:, 1] == node), 2]
            expected = step_chances(TELLING, node, start, p, q)
            assert_follows(torch.bincount(second, minlength=4), expected)


def test_a_way_back_that_is_hardly_wanted_is_taken_when_there_is_no_other():
    graph = csr_graph([(0, 1), (1, 0)], 2)
    walks = random_walks(graph.indptr, graph.indices, torch.tensor([0]), 6, p=1e9)
    assert walks.tolist() == [[0, 1, 0, 1, 0, 1, 0]]


@pytest.mark.usefixtures("chunked")
def test_threads_and_repetition_change_no_bit(monkeypatch):
    graph = random_graph(100, 1000)
    arguments = (graph.indptr, graph.indices, torch.arange(100), 20)
    chunked = random_walks(*arguments, p=0.5, q=2.0)
    assert torch.equal(chunked, random_walks(*arguments, p=0.5, q=2.0))
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    assert torch.equal(chunked, random_walks(*arguments, p=0.5, q=2.0))


def test_walks_from_one_start_and_seeds_differ():
    graph = random_graph(100, 5000)
    walks = [
        random_walks(graph.indptr, graph.indices, torch.tensor([5, 5]), 20, seed=seed)
        for seed in (0, 1)
    ]
    assert len(torch.cat(walks).unique(dim=0)) == 4


def test_no_walks_and_no_steps_are_walked():
    graph = csr_graph([(0, 1)], 2)
    none = torch.empty(0, dtype=torch.int64)
    assert random_walks(graph.indptr, graph.indices, none, 3).shape == (0, 4)
    assert random_walks(graph.indptr, graph.indices, torch.tensor([1]), 0).tolist() == [[1]]


def bad_calls():
    yield {"starts": torch.tensor([2])}, r"starts must lie in 0 \.\.\. 1; got 2"
    yield {"starts": torch.tensor([0, -1])}, "starts must lie"
    yield {"steps": -1}, "steps must not be negative; got -1"
    yield {"p": 0.0}, "p must be positive and finite; got 0.0"
    yield {"q": float("nan")}, "q must be positive and finite"
    yield {"indices": torch.tensor([1, 2])}, r"indices must lie in 0 \.\.\. 1; not all of row 1 do"
    yield {"indptr": torch.tensor([0, 2, 1])}, "indptr must rise from 0 to 2; row 1 is 2 ... 1"


@pytest.mark.parametrize(("changed", "message"), bad_calls())
def test_bad_input_is_refused(changed, message):
    good = {
        "indptr": torch.tensor([0, 1, 2]),
        "indices": torch.tensor([1, 0]),
        "starts": torch.tensor([0, 1]),
        "steps": 8,
    }
    with pytest.raises(ShapeError, match=message):
        random_walks(**{**good, **changed})
