from collections import Counter
from itertools import cycle, islice

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given
from scipy.stats import chisquare

from graphformers.errors import ShapeError
from graphformers.kernels import sample_hop_tokens
from graphformers.kernels.sampling.hop_tokens.reference import two_hop_multiset
from graphformers.kernels.sampling.neighbors.cases import csr_graph, random_graph, star_graph

IMPROBABLE = 1e-3  # of a fair draw; seeds are fixed, so a fair draw passes for good


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30),
    st.integers(1, 20),
    st.integers(0, 2**64),
)
def test_tokens_come_from_the_two_hop_multiset(edges, length, seed):
    graph = csr_graph(edges, 10)
    tokens = sample_hop_tokens(graph.indptr, graph.indices, length, seed=seed)
    for node, (first, *sampled) in enumerate(tokens.tolist()):
        multiset = two_hop_multiset(graph, node).tolist()
        assert first == node
        if not multiset:
            assert all(0 <= token < 10 for token in sampled)
        elif len(multiset) < len(sampled):
            assert sampled == list(islice(cycle(multiset), len(sampled)))
        else:
            assert not Counter(sampled) - Counter(multiset)


def test_members_of_the_multiset_have_equal_chances():
    # node 0 lists 1, 1, 2 and reaches 0, 2, 3, 4 in two steps
    graph = csr_graph([(1, 0), (1, 0), (2, 0), (0, 1), (2, 1), (3, 1), (3, 2), (4, 2)], 5)
    multiset = two_hop_multiset(graph, 0)
    draws = torch.cat(
        [
            sample_hop_tokens(graph.indptr, graph.indices, 4, torch.tensor([0]), seed=seed)[:, 1:]
            for seed in range(2000)
        ]
    )
    listed = torch.bincount(multiset, minlength=5)
    expected = draws.numel() * listed.double() / listed.sum()
    assert chisquare(torch.bincount(draws.flatten(), minlength=5), expected).pvalue > IMPROBABLE


def test_a_node_without_neighbors_gets_nodes_of_the_whole_graph():
    graph = csr_graph([], 50)
    tokens = sample_hop_tokens(graph.indptr, graph.indices, 101)
    counts = torch.bincount(tokens[:, 1:].flatten(), minlength=50)
    assert chisquare(counts).pvalue > IMPROBABLE


def test_a_path_shows_what_two_hops_mean():
    graph = csr_graph([(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2)], 4)
    tokens = sample_hop_tokens(graph.indptr, graph.indices, 6)
    assert tokens.tolist() == [
        [0, 1, 0, 2, 1, 0],
        [1, 0, 2, 1, 3, 0],
        [2, 1, 3, 0, 2, 1],
        [3, 2, 1, 3, 2, 1],
    ]


def test_parts_and_chunks_and_threads_change_nothing(monkeypatch):
    graph = random_graph(60, 600)
    whole = sample_hop_tokens(graph.indptr, graph.indices, 12, seed=4)
    part = torch.tensor([59, 0, 7, 7])
    assert torch.equal(
        whole[part], sample_hop_tokens(graph.indptr, graph.indices, 12, part, seed=4)
    )
    monkeypatch.setattr("graphformers.kernels.sampling.hop_tokens.op._CHUNK_KEYS", 100)
    monkeypatch.setattr("graphformers.kernels.launch._SERIAL_WORK", 0)
    for threads in (1, 2, 4):
        monkeypatch.setattr("torch.get_num_threads", lambda threads=threads: threads)
        again = sample_hop_tokens(graph.indptr, graph.indices, 12, seed=4)
        assert torch.equal(whole, again)


def test_a_hub_of_a_hundred_thousand_neighbors_is_sampled():
    inward = star_graph(100_000)
    tokens = sample_hop_tokens(inward.indptr, inward.indices, 50, torch.tensor([0]))
    assert len(tokens.unique()) == 50


def bad_calls():
    yield {"length": 0}, "length must be at least 1, the node itself; got 0"
    yield {"nodes": torch.tensor([2])}, r"nodes must lie in 0 \.\.\. 1; got 2"
    yield {"indices": torch.tensor([1, 2])}, r"indices must lie in 0 \.\.\. 1; not all of row 1 do"
    yield {"indptr": torch.tensor([0, 2, 1])}, "indptr must rise from 0 to 2; row 1 is 2 ... 1"
    yield {"indptr": torch.tensor([0, 1, 9])}, "row 1 is 1 ... 9"


@pytest.mark.parametrize(("changed", "message"), bad_calls())
def test_bad_input_is_refused(changed, message):
    good = {"indptr": torch.tensor([0, 1, 2]), "indices": torch.tensor([1, 0]), "length": 5}
    with pytest.raises(ShapeError, match=message):
        sample_hop_tokens(**{**good, **changed})
