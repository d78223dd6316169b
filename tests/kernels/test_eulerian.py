import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from graphformers.errors import ShapeError
from graphformers.kernels import eulerian_paths
from graphformers.kernels.eulerian.cases import EULERIAN_CASES, both_ways, random_graph
from graphformers.kernels.eulerian.reference import (
    fewest_repeats_reference,
    undirected_reference,
)

# Quantiles of chi-square with 4 and 1 degrees of freedom that chance exceeds once in 10^5 runs.
CHI_SQUARE_4, CHI_SQUARE_1 = 28.5, 19.5

DRAWN_EDGES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=24)


def drawn_graph(edges, nodes=7):
    return torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T, torch.tensor([0, nodes])


def edge_counts(graph):
    return Counter(frozenset(ends) for ends in graph.edges())


def assert_path_is_sound(edge_index, ptr, paths, number):
    """Steps join on, take real edges in a right direction, all of them, and visit every node."""
    low, high = int(ptr[number]), int(ptr[number + 1])
    chosen = slice(int(paths.ptr[number]), int(paths.ptr[number + 1]))
    steps, edge, opposite = paths.steps[:, chosen], paths.edge[chosen], paths.opposite[chosen]
    assert torch.equal(steps[1, :-1], steps[0, 1:])
    assert steps.numel() == 0 or (int(steps.min()) >= low and int(steps.max()) < high)
    taken = set()
    for (source, target), one, other in zip(
        steps.T.tolist(), edge.tolist(), opposite.tolist(), strict=True
    ):
        if one < 0:
            assert other < 0
            continue
        ends = edge_index[:, one].tolist()
        assert sorted(ends) == sorted([source, target])
        if other >= 0:
            assert ends == [source, target]
            assert edge_index[:, other].tolist() == [target, source]
            taken.add(other)
        taken.add(one)
    inside = (edge_index[0] >= low) & (edge_index[0] < high)
    assert taken == set(inside.nonzero().flatten().tolist())
    if high - low > 1:
        assert set(steps.flatten().tolist()) == set(range(low, high))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("label", EULERIAN_CASES)
def test_paths_take_every_edge_and_visit_every_node(label, seed):
    edge_index, ptr = EULERIAN_CASES[label]
    paths = eulerian_paths(edge_index, ptr, seed)
    for number in range(ptr.shape[0] - 1):
        assert_path_is_sound(edge_index, ptr, paths, number)


@given(DRAWN_EDGES, st.integers(-(2**63), 2**63 - 1), st.booleans())
def test_paths_of_drawn_graphs_take_every_edge_and_visit_every_node(edges, seed, twice):
    edge_index, ptr = drawn_graph(edges)
    if twice:
        edge_index = both_ways(edge_index)
    assert_path_is_sound(edge_index, ptr, eulerian_paths(edge_index, ptr, seed), 0)


@pytest.mark.parametrize("nodes", [40, 3000])
def test_paths_of_large_graphs_take_every_edge_and_visit_every_node(nodes):
    edge_index, ptr = random_graph(nodes, 2 * nodes)
    paths = eulerian_paths(edge_index, ptr)
    assert_path_is_sound(edge_index, ptr, paths, 0)


@given(DRAWN_EDGES)
def test_the_graph_can_be_read_from_its_path(edges):
    """Every undirected edge appears; repeats carry the number of the edge they repeat."""
    edge_index, ptr = drawn_graph(edges)
    paths = eulerian_paths(edge_index, ptr)
    recovered = Counter()
    met = set()
    for step in (~paths.jump).nonzero().flatten().tolist():
        entries = frozenset([int(paths.edge[step]), int(paths.opposite[step])])
        if not entries & met:
            recovered[frozenset(paths.steps[:, step].tolist())] += 1
        met |= entries - {-1}
    assert recovered == edge_counts(undirected_reference(edge_index, 7))


def doubled_edges(edge_index, ptr, seeds=40):
    """Most repeats of a path over many seeds: those of a walk that loses none with its tail."""
    edges = undirected_reference(edge_index, int(ptr[-1])).number_of_edges()
    lengths = []
    for seed in range(seeds):
        paths = eulerian_paths(edge_index, ptr, seed)
        lengths.append(int((~paths.jump).sum()) - edges)
    return max(lengths)


@given(DRAWN_EDGES)
def test_no_path_repeats_more_edges_than_need_be(edges):
    edge_index, ptr = drawn_graph(edges)
    fewest = fewest_repeats_reference(undirected_reference(edge_index, 7))
    assert doubled_edges(edge_index, ptr, seeds=3) <= fewest


@pytest.mark.parametrize(
    ("nodes", "edges", "seed"),
    [(12, 14, 0), (20, 26, 1), (14, 40, 2), (15, 60, 3), (40, 50, 4), (10, 12, 5)],
)
def test_doubled_edges_are_as_few_as_a_matching_of_odd_nodes_needs(nodes, edges, seed):
    """Many cycles and few odd nodes, few cycles and many odd nodes, several parts."""
    edge_index, ptr = random_graph(nodes, edges, seed)
    fewest = fewest_repeats_reference(undirected_reference(edge_index, nodes))
    assert doubled_edges(edge_index, ptr) <= fewest


def test_a_tree_repeats_all_but_the_way_back():
    """Doubled edges 19; the walk ends at a leaf, so that the last one is never needed."""
    edge_index, ptr = EULERIAN_CASES["star"]
    paths = eulerian_paths(both_ways(edge_index), ptr, 3)
    assert paths.edge.shape[0] in (2 * 19 - 1, 2 * 19 - 2)


def test_large_graphs_repeat_few_edges():
    """Odd neighbours in pairs, the rest along a tree: every node of 2,000 has degree 3."""
    nodes = 2000
    ring = torch.arange(nodes)
    rungs = torch.stack([ring[: nodes // 2], ring[nodes // 2 :]])
    edge_index = torch.cat([torch.stack([ring, ring.roll(1)]), rungs], dim=1)
    paths = eulerian_paths(edge_index, torch.tensor([0, nodes]))
    assert paths.edge.shape[0] <= 1.4 * edge_index.shape[1]


def chi_square(counts, expected):
    return sum((count - expected) ** 2 / expected for count in counts)


def test_start_nodes_are_uniform():
    draws, nodes = 5000, 5
    edge_index = both_ways(torch.tensor([[0, 1, 2, 2], [1, 2, 3, 4]]))
    batch = edge_index.unsqueeze(1) + nodes * torch.arange(draws).reshape(1, -1, 1)
    paths = eulerian_paths(batch.flatten(1), nodes * torch.arange(draws + 1), seed=1)
    starts = paths.steps[0, paths.ptr[:-1]].remainder(nodes)
    assert chi_square(starts.bincount(minlength=nodes).tolist(), draws / nodes) < CHI_SQUARE_4


def test_directions_and_the_order_of_parts_are_uniform():
    draws = 4000
    triangle = torch.tensor([[0, 1, 2], [1, 2, 0]])
    batch = triangle.unsqueeze(1) + 4 * torch.arange(draws).reshape(1, -1, 1)
    paths = eulerian_paths(batch.flatten(1), 4 * torch.arange(draws + 1), seed=2)
    starts = paths.ptr[:-1]
    alone_first = paths.jump[starts]
    turns = (paths.steps[1] - paths.steps[0])[starts + alone_first.long()].remainder(3)
    for chosen in (alone_first, turns == 1):
        count = int(chosen.sum())
        assert chi_square([count, draws - count], draws / 2) < CHI_SQUARE_1


def test_a_graph_has_the_same_path_in_any_batch():
    one, first_ptr = random_graph(9, 14, seed=1)
    two, second_ptr = random_graph(30, 40, seed=2)
    together = eulerian_paths(
        torch.cat([one, two + 9], dim=1),
        torch.tensor([0, 9, 39]),
        seed=5,
        numbers=torch.tensor([70, 3]),
    )
    alone = eulerian_paths(two, second_ptr, seed=5, numbers=torch.tensor([3]))
    rest = slice(int(together.ptr[1]), int(together.ptr[2]))
    assert torch.equal(together.steps[:, rest] - 9, alone.steps)
    first = eulerian_paths(one, first_ptr, seed=5, numbers=torch.tensor([70]))
    assert torch.equal(together.steps[:, : rest.start], first.steps)


def test_seeds_and_numbers_change_the_path():
    edge_index, ptr = random_graph(30, 60)
    first = eulerian_paths(edge_index, ptr, seed=1).steps
    other_seed = eulerian_paths(edge_index, ptr, seed=2).steps
    other_number = eulerian_paths(edge_index, ptr, seed=1, numbers=torch.tensor([7])).steps
    assert not torch.equal(first, other_seed)
    assert not torch.equal(first, other_number)


def batch_of_graphs():
    sizes = [1, 9, 30, 4, 200] * 12
    starts = torch.tensor([0, *sizes]).cumsum(0)
    parts = [
        random_graph(size, 2 * size, seed)[0] + starts[seed] for seed, size in enumerate(sizes)
    ]
    return torch.cat(parts, dim=1), starts


@pytest.mark.usefixtures("chunked")
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_change_no_step(threads, monkeypatch):
    two = eulerian_paths(*batch_of_graphs(), seed=3)
    monkeypatch.setattr("torch.get_num_threads", lambda: threads)
    ours = eulerian_paths(*batch_of_graphs(), seed=3)
    assert torch.equal(ours.steps, two.steps)
    assert torch.equal(ours.edge, two.edge)


@pytest.mark.usefixtures("chunked")
def test_two_python_threads_may_call_at_once():
    edge_index, ptr = batch_of_graphs()
    expected = [eulerian_paths(edge_index, ptr, seed).steps for seed in range(6)]
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda seed: eulerian_paths(edge_index, ptr, seed).steps, range(6))
        assert all(map(torch.equal, results, expected))


def test_a_hundred_runs_give_the_same_steps():
    edge_index, ptr = batch_of_graphs()
    first = eulerian_paths(edge_index, ptr)
    for _ in range(100):
        again = eulerian_paths(edge_index, ptr)
        assert torch.equal(again.steps, first.steps)
        assert torch.equal(again.opposite, first.opposite)


def test_a_hub_with_many_loops_and_neighbours_is_walked():
    leaves = 100_000
    spokes = torch.stack([torch.zeros(leaves, dtype=torch.int64), torch.arange(1, leaves + 1)])
    loops = torch.zeros(2, 1000, dtype=torch.int64)
    paths = eulerian_paths(torch.cat([spokes, loops], dim=1), torch.tensor([0, leaves + 1]))
    assert paths.edge.unique().shape[0] == leaves + 1000
    assert 2 * leaves + 1000 - 2 <= paths.edge.shape[0] <= 2 * leaves + 1000


def test_edges_need_not_be_contiguous():
    edge_index, ptr = random_graph(9, 20)
    strided = edge_index.T.contiguous().T
    assert torch.equal(eulerian_paths(strided, ptr).steps, eulerian_paths(edge_index, ptr).steps)


@pytest.mark.parametrize(
    ("edge_index", "ptr", "message"),
    [
        ([[0], [5]], [0, 2], "node numbers must lie in 0 ... 1"),
        ([[-1], [0]], [0, 2], "node numbers"),
        ([[0], [1]], [0, 1, 2], "different graphs"),
        ([[0], [0]], [1, 2], "ptr must start at 0"),
        ([[0], [0]], [0, 3, 2], "ptr must start at 0"),
        ([[0, 1]], [0, 2], "edge_index must be"),
    ],
)
def test_a_broken_batch_is_refused(edge_index, ptr, message):
    with pytest.raises(ShapeError, match=message):
        eulerian_paths(torch.tensor(edge_index), torch.tensor(ptr))


def test_numbers_of_the_wrong_length_are_refused():
    with pytest.raises(ShapeError, match=r"numbers must be \(graphs,\)"):
        eulerian_paths(*EULERIAN_CASES["self loop"], numbers=torch.arange(2))


def test_a_seed_beyond_64_bits_is_refused():
    with pytest.raises(ShapeError, match="seed must fit into 64 bits"):
        eulerian_paths(*EULERIAN_CASES["self loop"], seed=2**63)


UNLIKELY = """
import torch
from graphformers.errors import ShapeError
from graphformers.kernels import eulerian_paths, relative_random_walk_probabilities
for bad in ([[0], [2**40]], [[-(2**62)], [0]]):
    for call in (eulerian_paths, lambda e, p: relative_random_walk_probabilities(e, p, 3)):
        try:
            call(torch.tensor(bad), torch.tensor([0, 3]))
        except ShapeError:
            continue
        raise SystemExit("accepted")
"""


def test_wild_node_numbers_do_not_end_the_process():
    subprocess.run([sys.executable, "-c", UNLIKELY], check=True, timeout=60)
