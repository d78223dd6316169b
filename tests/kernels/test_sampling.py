import dataclasses
import threading

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given
from scipy.stats import chisquare

from graphformers.kernels import TimeLimit, sample_ego_graphs, sample_neighbors
from graphformers.kernels.sampling.graph import CSRGraph, map_array
from graphformers.kernels.sampling.neighbors.cases import (
    GRAPH_CASES,
    csr_graph,
    equal_rows_graph,
    random_graph,
    random_weights,
    star_graph,
)
from graphformers.kernels.sampling.neighbors.op import sample_graph
from graphformers.kernels.sampling.neighbors.reference import sample_neighbors_reference

IMPROBABLE = 1e-3  # of a fair draw; seeds are fixed, so a fair draw passes for good
NONE = torch.empty(0, dtype=torch.int64)


def assert_same(ours, expected):
    for field in dataclasses.fields(ours):
        value, other = getattr(ours, field.name), getattr(expected, field.name)
        same = torch.equal(value, other) if isinstance(value, torch.Tensor) else value == other
        assert same, field.name


def some_seeds(graph: CSRGraph) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randperm(graph.num_nodes, generator=generator)[:5]


def time_limit(graph: CSRGraph, what: str | None) -> TimeLimit | None:
    seeds = torch.arange(len(some_seeds(graph))) * 4
    if what == "edges":
        return TimeLimit(seeds=seeds, edges=torch.arange(graph.num_edges) % 19)
    return TimeLimit(seeds=seeds, nodes=torch.arange(graph.num_nodes) % 17) if what else None


@pytest.mark.parametrize("timed", [None, "edges", "nodes"])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("replace", [False, True], ids=["once", "replace"])
@pytest.mark.parametrize("label", GRAPH_CASES)
def test_samples_equal_the_reference(label, replace, weighted, timed):
    graph = GRAPH_CASES[label]()
    time = time_limit(graph, timed)
    graph = dataclasses.replace(
        graph,
        weights=random_weights(graph) if weighted else None,
        edge_time=None if time is None else time.edges,
    )
    for fanouts in ([3, 2], [-1], [], [70, 1, 0]):
        for disjoint in (False, True):
            options = {"replace": replace, "disjoint": disjoint, "time": time, "seed": 7}
            ours = sample_graph(graph, some_seeds(graph), fanouts, **options)
            assert_same(
                ours, sample_neighbors_reference(graph, some_seeds(graph), fanouts, **options)
            )


@st.composite
def drawn_samples(draw: st.DrawFn):
    nodes = draw(st.integers(1, 12))
    pairs = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1))
    graph = csr_graph(draw(st.lists(pairs, max_size=60)), nodes)
    seeds = draw(st.lists(st.integers(0, nodes - 1), unique=True))
    fanouts = draw(st.lists(st.integers(-1, 5), max_size=3))
    sample = sample_neighbors(
        graph.indptr,
        graph.indices,
        torch.tensor(seeds, dtype=torch.int64),
        fanouts,
        draw(st.booleans()),
        seed=draw(st.integers(0, 2**64)),
    )
    return graph, torch.tensor(seeds, dtype=torch.int64), fanouts, sample


@given(drawn_samples())
def test_seeds_come_first_and_nodes_are_distinct(drawn):
    _, seeds, _, sample = drawn
    assert torch.equal(sample.nodes[: len(seeds)], seeds)
    assert len(sample.nodes.unique()) == len(sample.nodes)


@given(drawn_samples())
def test_edge_numbers_lead_to_the_edges(drawn):
    graph, _, _, sample = drawn
    source, target = sample.nodes[sample.edge_index]
    assert torch.equal(graph.indices[sample.edges], source)
    assert (graph.indptr[target] <= sample.edges).all()
    assert (sample.edges < graph.indptr[target + 1]).all()


@given(drawn_samples())
def test_hops_lie_one_after_the_other(drawn):
    _, seeds, fanouts, sample = drawn
    assert sample.nodes_per_hop[0] == len(seeds)
    assert sum(sample.nodes_per_hop) == len(sample.nodes)
    assert len(sample.edges_per_hop) == len(fanouts) == len(sample.nodes_per_hop) - 1
    assert sum(sample.edges_per_hop) == len(sample.edges)
    node_ends = torch.tensor([0, *sample.nodes_per_hop]).cumsum(0)
    targets = sample.edge_index[1].split(sample.edges_per_hop)
    for hop, target in enumerate(targets):
        assert ((node_ends[hop] <= target) & (target < node_ends[hop + 1])).all()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fanout", [1, 3, 8, 100, 5000])
def test_without_replacement_no_edge_is_drawn_twice(fanout, weighted):
    graph = random_graph(5, 2000)
    weights = torch.rand(2000) + 0.1 if weighted else None
    sample = sample_neighbors(
        graph.indptr, graph.indices, torch.arange(5), [fanout], weights=weights
    )
    assert len(sample.edges.unique()) == len(sample.edges)
    drawn = torch.bincount(sample.edge_index[1], minlength=5)
    assert torch.equal(drawn, graph.indptr.diff().clamp(max=fanout))


def test_replacement_gives_exactly_as_many_as_asked_for():
    graph = csr_graph([(1, 0), (2, 0), (0, 1)], 3)
    sample = sample_neighbors(graph.indptr, graph.indices, torch.arange(3), [50], True)
    assert torch.bincount(sample.edge_index[1], minlength=3).tolist() == [50, 50, 0]


@pytest.mark.parametrize("degree", [10, 80], ids=["short rows", "long rows"])
@pytest.mark.parametrize("replace", [False, True])
def test_neighbors_are_drawn_with_equal_chances(degree, replace):
    graph = equal_rows_graph(4000, list(range(degree)))
    sample = sample_neighbors(graph.indptr, graph.indices, torch.arange(4000), [4], replace)
    assert chisquare(torch.bincount(sample.edges % degree, minlength=degree)).pvalue > IMPROBABLE


@pytest.mark.parametrize("degree", [6, 66], ids=["short rows", "long rows"])
def test_pairs_of_neighbors_are_drawn_with_equal_chances(degree):
    graph = equal_rows_graph(30_000, list(range(degree)))
    sample = sample_neighbors(graph.indptr, graph.indices, torch.arange(30_000), [2])
    first, second = (sample.edges % degree).reshape(-1, 2).sort(1).values.T
    upper = torch.ones(degree, degree).triu(1).bool().flatten()
    counts = torch.bincount(first * degree + second, minlength=degree**2)
    assert not counts[~upper].any()
    assert chisquare(counts[upper]).pvalue > IMPROBABLE


WEIGHTS = torch.tensor([1.0, 2.0, 0.0, 3.0, 4.0])


def weighted_draws(fanout: int, replace: bool, rows: int = 20_000) -> torch.Tensor:
    graph = equal_rows_graph(rows, [0, 1, 2, 3, 4])
    weights = WEIGHTS.repeat(rows)
    seeds = torch.arange(rows)
    sample = sample_neighbors(graph.indptr, graph.indices, seeds, [fanout], replace, weights)
    return (sample.edges % 5).reshape(rows, fanout)


def assert_follows(counts: torch.Tensor, chances: torch.Tensor) -> None:
    possible = chances > 0
    assert not counts[~possible].any()
    expected = chances[possible].double() / chances.double().sum() * counts.sum()
    assert chisquare(counts[possible], expected).pvalue > IMPROBABLE


@pytest.mark.parametrize("fanout", [1, 3])
def test_weighted_draws_with_replacement_follow_the_weights(fanout):
    draws = weighted_draws(fanout, replace=True)
    assert_follows(torch.bincount(draws.flatten(), minlength=5), WEIGHTS)


def test_weighted_draws_with_replacement_are_independent():
    first, second = weighted_draws(2, replace=True).T
    counts = torch.bincount(first * 5 + second, minlength=25).reshape(5, 5)
    both = (counts + counts.T).triu(1) + counts.diag().diag()  # draws come sorted
    chances = torch.outer(WEIGHTS, WEIGHTS)
    assert_follows(both.flatten(), ((2 * chances).triu(1) + chances.diag().diag()).flatten())


@pytest.mark.parametrize("fanout", [1, 2, 3])
def test_the_first_weighted_draw_without_replacement_follows_the_weights(fanout):
    draws = weighted_draws(fanout, replace=False)
    assert_follows(torch.bincount(draws[:, 0], minlength=5), WEIGHTS)


def test_later_weighted_draws_follow_the_weights_not_yet_drawn():
    first, second = weighted_draws(2, replace=False).T
    rest = WEIGHTS.sum() - WEIGHTS
    chances = torch.outer(WEIGHTS / rest, WEIGHTS).fill_diagonal_(0.0)
    assert_follows(torch.bincount(first * 5 + second, minlength=25), chances.flatten())


@pytest.mark.parametrize("what", ["edges", "nodes"])
@pytest.mark.parametrize("replace", [False, True])
def test_nothing_later_than_its_seed_is_seen(what, replace):
    graph = random_graph(50, 1000)
    time = dataclasses.replace(time_limit(graph, what), seeds=torch.tensor([0, 5, 9, 16, 30]))
    sample = sample_neighbors(
        graph.indptr, graph.indices, torch.tensor([4, 8, 15, 16, 23]), [5, 5], replace, time=time
    )
    latest = time.seeds[sample.trees[sample.edge_index[1]]]
    times = time.edges[sample.edges] if what == "edges" else time.nodes[graph.indices[sample.edges]]
    assert (times <= latest).all()
    assert (times == latest).any()
    assert torch.equal(sample.trees[sample.edge_index[0]], sample.trees[sample.edge_index[1]])


def test_ego_graphs_of_equal_seeds_stand_apart_and_differ():
    graph = random_graph(100, 3000)
    sample = sample_ego_graphs(graph.indptr, graph.indices, torch.tensor([7, 7]), [5, 5])
    first, second = (sample.nodes[sample.trees == tree] for tree in (0, 1))
    assert first[0] == second[0] == 7
    assert set(first.tolist()) != set(second.tolist())
    assert torch.equal(*sample.trees[sample.edge_index])


def test_a_node_draws_the_same_whoever_the_other_seeds_are():
    graph = random_graph(50, 2000)
    alone = sample_neighbors(graph.indptr, graph.indices, torch.tensor([9]), [6])
    among = sample_neighbors(graph.indptr, graph.indices, torch.tensor([3, 9, 1]), [6])
    assert torch.equal(alone.edges, among.edges[among.edge_index[1] == 1])


def test_hops_and_seeds_draw_differently():
    graph = csr_graph([(0, 0)] * 1000, 1)
    draws = [
        sample_ego_graphs(graph.indptr, graph.indices, torch.tensor([0]), [8], seed=seed).edges
        for seed in (0, 1, 2**63, -1)
    ]
    assert len({tuple(one.tolist()) for one in draws}) == len(draws)


def test_a_hub_of_a_hundred_thousand_neighbors_is_sampled():
    graph = star_graph(100_000)
    for fanout, weights in (
        (5, None),
        (3000, None),
        (-1, torch.ones(100_000)),
        (40, torch.ones(100_000)),
    ):
        sample = sample_neighbors(
            graph.indptr, graph.indices, torch.tensor([0]), [fanout], weights=weights
        )
        assert len(sample.edges.unique()) == (fanout if fanout > 0 else 100_000)


def test_no_seeds_give_an_empty_sample():
    graph = random_graph(5, 20)
    sample = sample_neighbors(graph.indptr, graph.indices, NONE, [3, 3])
    assert sample.edge_index.shape == (2, 0)
    assert sample.nodes_per_hop == [0, 0, 0]


def test_seeds_need_not_be_contiguous():
    graph = random_graph(20, 200)
    arguments = (graph.indptr, graph.indices)
    ours = sample_neighbors(*arguments, torch.arange(20)[::3], [3, 3])
    assert_same(ours, sample_neighbors(*arguments, torch.arange(0, 20, 3), [3, 3]))


def test_neighbors_in_32_bits_give_the_same_sample():
    graph = random_graph(50, 500)
    ours = sample_neighbors(graph.indptr, graph.indices.int(), torch.arange(9), [3, 3])
    assert_same(ours, sample_neighbors(graph.indptr, graph.indices, torch.arange(9), [3, 3]))


def test_weights_in_single_precision_are_taken():
    graph = random_graph(50, 500)
    weights = random_weights(graph).float()
    seeds = torch.arange(9)
    ours = sample_neighbors(graph.indptr, graph.indices, seeds, [3, 3], weights=weights)
    double = sample_neighbors(graph.indptr, graph.indices, seeds, [3, 3], weights=weights.double())
    assert_same(ours, double)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_hundred_runs_on_any_number_of_threads_change_no_bit(monkeypatch, weighted):
    graph = random_graph(300, 6000)
    weights = random_weights(graph) if weighted else None
    arguments = (graph.indptr, graph.indices, torch.arange(40), [7, 5], False, weights)
    expected = sample_neighbors(*arguments)
    monkeypatch.setattr("graphformers.kernels.launch._SERIAL_WORK", 0)
    for run in range(100):
        monkeypatch.setattr("torch.get_num_threads", lambda threads=(1, 2, 4)[run % 3]: threads)
        assert_same(sample_neighbors(*arguments), expected)


@pytest.mark.usefixtures("chunked")
def test_two_threads_may_sample_at_once():
    graph = random_graph(300, 6000)
    arguments = (graph.indptr, graph.indices, torch.arange(40), [7, 5])
    expected, found = sample_neighbors(*arguments), []
    threads = [
        threading.Thread(
            target=lambda: found.extend(sample_neighbors(*arguments) for _ in range(20))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    for sample in found:
        assert_same(sample, expected)


def test_positions_beyond_two_to_the_31_are_reached(tmp_path):
    hub = 2**31 + 2
    path = tmp_path / "indices.npy"
    # a sparse file: 8 GB of zeros that take no room
    indices = np.lib.format.open_memmap(path, mode="w+", dtype=np.int32, shape=(hub + 3,))
    indices[hub:] = [2, 1, 2]
    indices.flush()
    indptr = torch.tensor([0, hub, hub + 2, hub + 3])
    sample = sample_neighbors(indptr, map_array(path), torch.tensor([1, 2, 0]), [2])
    assert sample.edges[:3].tolist() == [hub, hub + 1, hub + 2]
    assert sample.nodes[sample.edge_index[0, :3]].tolist() == [2, 1, 2]
    many = sample_neighbors(indptr, map_array(path), torch.tensor([0]), [200])
    assert len(many.edges.unique()) == 200
    assert (many.edges > 2**30).any()
    assert (many.edges < hub).all()
