from concurrent.futures import ThreadPoolExecutor

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from graphformers.errors import ShapeError
from graphformers.kernels import (
    SparsePattern,
    random_walk_probabilities,
    relative_random_walk_probabilities,
)
from graphformers.kernels.pattern_cases import mesh_pattern, random_pattern
from graphformers.kernels.random_walk import transition as transition_module
from graphformers.kernels.random_walk.cases import WALK_CASES
from graphformers.kernels.random_walk.reference import (
    random_walk_probabilities_reference,
    relative_random_walk_probabilities_reference,
)
from graphformers.kernels.random_walk.transition import powers_on_pairs, transition

CLOSE = 1e-12  # float64
CLOSE_SINGLE = 1e-6  # float64 rounded to float32

DRAWN_EDGES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=40)


def assert_close(ours, expected):
    torch.testing.assert_close(ours, expected, rtol=CLOSE, atol=CLOSE)


def nine_nodes(edges):
    return torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T, torch.tensor([0, 9])


def molecules(count=70, atoms=11):
    """Rings with a chord, all of one size."""
    ring = torch.arange(atoms)
    bonds = torch.cat([torch.stack([ring, ring.roll(1)]), torch.tensor([[0], [5]])], dim=1)
    bonds = torch.cat([bonds, bonds.flip(0)], dim=1)
    start = atoms * torch.arange(count + 1)
    return (bonds.unsqueeze(1) + start[:-1].reshape(1, -1, 1)).flatten(1), start


@pytest.mark.parametrize("steps", [1, 2, 7])
@pytest.mark.parametrize("label", WALK_CASES)
def test_return_probabilities_equal_the_reference(label, steps):
    edge_index, ptr = WALK_CASES[label]
    ours = random_walk_probabilities(edge_index, ptr, steps, torch.float64)
    assert_close(ours, random_walk_probabilities_reference(edge_index, ptr, steps))


@given(DRAWN_EDGES, st.booleans())
def test_return_probabilities_of_drawn_graphs_equal_the_reference(edges, both_ways):
    edge_index, ptr = nine_nodes(edges)
    if both_ways:
        edge_index = torch.cat([edge_index, edge_index.flip(0)], dim=1)
    ours = random_walk_probabilities(edge_index, ptr, 5, torch.float64)
    assert_close(ours, random_walk_probabilities_reference(edge_index, ptr, 5))


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("steps", [0, 1, 6])
@pytest.mark.parametrize("label", WALK_CASES)
def test_relative_probabilities_of_all_pairs_equal_the_reference(label, steps, symmetric):
    edge_index, ptr = WALK_CASES[label]
    every = SparsePattern.complete(ptr)
    expected = relative_random_walk_probabilities_reference(
        edge_index, ptr, steps, every, symmetric
    )
    options = {"symmetric": symmetric, "dtype": torch.float64}
    ours = relative_random_walk_probabilities(edge_index, ptr, steps, **options)
    along = relative_random_walk_probabilities(edge_index, ptr, steps, every, **options)
    assert_close(ours, expected)
    assert_close(along, expected)


@given(DRAWN_EDGES, DRAWN_EDGES, st.booleans(), st.booleans())
def test_relative_probabilities_of_any_pairs_equal_the_reference(edges, pairs, symmetric, identity):
    edge_index, ptr = nine_nodes(edges)
    pattern = SparsePattern.from_edge_index(nine_nodes(pairs)[0], num_targets=9, num_sources=9)
    ours = relative_random_walk_probabilities(
        edge_index,
        ptr,
        4,
        pattern,
        identity=identity,
        symmetric=symmetric,
        dtype=torch.float64,
    )
    expected = relative_random_walk_probabilities_reference(edge_index, ptr, 4, pattern, symmetric)
    assert_close(ours, expected[:, 0 if identity else 1 :])


@pytest.mark.parametrize("label", WALK_CASES)
def test_without_the_identity_the_first_channel_is_left_out(label):
    edge_index, ptr = WALK_CASES[label]
    with_identity = relative_random_walk_probabilities(edge_index, ptr, 3)
    without = relative_random_walk_probabilities(edge_index, ptr, 3, identity=False)
    assert torch.equal(without, with_identity[:, 1:])


def test_a_value_runs_from_the_target_of_its_pair_to_the_source():
    edge_index, ptr = torch.tensor([[0], [1]]), torch.tensor([0, 2])
    values = relative_random_walk_probabilities(edge_index, ptr, 1, identity=False)
    source, target = SparsePattern.complete(ptr).edge_index[:, values.squeeze(1) == 1]
    assert (source.item(), target.item()) == (1, 0)


def test_pairs_of_different_graphs_are_never_reached():
    edge_index, ptr = WALK_CASES["path and empty graph and ring"]
    crossing = SparsePattern.from_edge_index(
        torch.tensor([[0, 4], [4, 0]]), num_targets=7, num_sources=7
    )
    assert not relative_random_walk_probabilities(edge_index, ptr, 5, crossing).any()


def test_self_pairs_of_relative_probabilities_are_return_probabilities():
    edge_index, ptr = molecules()
    every = SparsePattern.complete(ptr)
    relative = relative_random_walk_probabilities(edge_index, ptr, 9, identity=False)
    returns = random_walk_probabilities(edge_index, ptr, 9)
    torch.testing.assert_close(
        relative[every.source == every.target], returns, rtol=CLOSE_SINGLE, atol=CLOSE_SINGLE
    )


@pytest.mark.parametrize("label", WALK_CASES)
@pytest.mark.parametrize("slab", [1, 1 << 22])
def test_slabs_of_columns_give_the_same_probabilities(label, slab, monkeypatch):
    monkeypatch.setattr(transition_module, "_SLAB_ENTRIES", slab)
    edge_index, ptr = WALK_CASES[label]
    every = SparsePattern.complete(ptr)
    slabs = powers_on_pairs(transition(edge_index, ptr), every.target, every.source, 6)
    expected = relative_random_walk_probabilities_reference(edge_index, ptr, 6, every)
    assert_close(slabs, expected)


@pytest.mark.parametrize("one_way", [False, True])
def test_a_large_graph_needs_no_dense_matrix(one_way):
    nodes, steps = 100_000, 6  # 80 GB were it dense
    edge_index = mesh_pattern(nodes, 2, reach=3).edge_index
    if not one_way:
        edge_index = torch.cat([edge_index, edge_index.flip(0)], dim=1)
    ptr = torch.tensor([0, nodes])
    every = torch.arange(nodes).expand(2, -1)
    themselves = SparsePattern.from_edge_index(every, num_targets=nodes, num_sources=nodes)
    returns = random_walk_probabilities(edge_index, ptr, steps)
    along = relative_random_walk_probabilities(edge_index, ptr, steps, themselves, identity=False)
    torch.testing.assert_close(returns, along, rtol=CLOSE_SINGLE, atol=CLOSE_SINGLE)
    assert returns.any()


def test_a_hub_is_left_evenly():
    leaves, steps = 20_000, 4
    spokes = torch.stack([torch.zeros(leaves, dtype=torch.int64), torch.arange(1, leaves + 1)])
    edge_index, ptr = torch.cat([spokes, spokes.flip(0)], dim=1), torch.tensor([0, leaves + 1])
    few = SparsePattern.from_edge_index(
        torch.tensor([[0, 7], [0, 0]]), num_targets=leaves + 1, num_sources=leaves + 1
    )
    values = relative_random_walk_probabilities(edge_index, ptr, steps, few, dtype=torch.float64)
    share = 1 / leaves
    expected = torch.tensor([[1, 0, 1, 0, 1], [0, share, 0, share, 0]], dtype=torch.float64)
    torch.testing.assert_close(values, expected, rtol=1e-9, atol=0)


def test_walks_that_fade_below_the_smallest_number_stay_finite():
    """A walk of 200 steps that goes the right way of 1000 each time: 1e-600."""
    steps, width = 200, 1000
    spread = torch.arange(steps).repeat_interleave(width)
    lost = torch.full((steps * width,), steps + 1)
    edge_index = torch.stack([spread, lost])
    edge_index[1, ::width] = torch.arange(1, steps + 1)
    ptr = torch.tensor([0, steps + 2])
    ends = SparsePattern.from_edge_index(
        torch.tensor([[steps], [0]]), num_targets=steps + 2, num_sources=steps + 2
    )
    values = relative_random_walk_probabilities(edge_index, ptr, steps, ends, dtype=torch.float64)
    assert not values.any()


def test_a_directed_triangle_returns_every_third_step():
    edge_index, ptr = WALK_CASES["directed triangle"]
    assert random_walk_probabilities(edge_index, ptr, 6).tolist() == [[0, 0, 1, 0, 0, 1]] * 3


def every_result(edge_index, ptr):
    pattern = random_pattern(int(ptr[-1]), int(ptr[-1]), 500)
    return (
        random_walk_probabilities(edge_index, ptr, 9),
        relative_random_walk_probabilities(edge_index, ptr, 9),
        relative_random_walk_probabilities(edge_index, ptr, 9, pattern),
    )


@pytest.mark.usefixtures("chunked")
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_change_no_bit(threads, monkeypatch):
    batch = molecules()
    two = every_result(*batch)
    monkeypatch.setattr("torch.get_num_threads", lambda: threads)
    for ours, expected in zip(every_result(*batch), two, strict=True):
        assert torch.equal(ours, expected)


def test_a_hundred_runs_give_the_same_bits():
    batch = molecules(count=5)
    first = every_result(*batch)
    for _ in range(100):
        for ours, expected in zip(every_result(*batch), first, strict=True):
            assert torch.equal(ours, expected)


@pytest.mark.usefixtures("chunked")
def test_two_python_threads_may_call_at_once():
    batches = [molecules(count) for count in (3, 50, 8, 70)]
    expected = [every_result(*batch) for batch in batches]
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(every_result, *zip(*batches, strict=True))
        for ours, alone in zip(results, expected, strict=True):
            assert all(map(torch.equal, ours, alone))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_precision_asked_for_is_given(dtype):
    edge_index, ptr = WALK_CASES["dead end"]
    assert random_walk_probabilities(edge_index, ptr, 2, dtype).dtype == dtype
    assert relative_random_walk_probabilities(edge_index, ptr, 2, dtype=dtype).dtype == dtype


def test_no_steps_give_no_columns():
    edge_index, ptr = WALK_CASES["dead end"]
    assert random_walk_probabilities(edge_index, ptr, 0).shape == (3, 0)


EVERY_FORM = {
    "returns": random_walk_probabilities,
    "pairs": relative_random_walk_probabilities,
    "along": lambda edges, ptr, steps: relative_random_walk_probabilities(
        edges, ptr, steps, random_pattern(2, 2, 5)
    ),
}


@pytest.mark.parametrize("form", EVERY_FORM)
def test_an_edge_between_graphs_is_refused(form):
    with pytest.raises(ShapeError, match="different graphs"):
        EVERY_FORM[form](torch.tensor([[0], [1]]), torch.tensor([0, 1, 2]), 3)


@pytest.mark.parametrize("form", EVERY_FORM)
@pytest.mark.parametrize("node", [-1, 5, 2**40])
def test_a_node_that_does_not_exist_is_refused(form, node):
    with pytest.raises(ShapeError, match="node numbers"):
        EVERY_FORM[form](torch.tensor([[0], [node]]), torch.tensor([0, 2]), 3)


@pytest.mark.parametrize("form", EVERY_FORM)
@pytest.mark.parametrize("ptr", [[1, 2], [0, 3, 2], [-2, 2]])
def test_a_ptr_that_falls_or_starts_late_is_refused(form, ptr):
    with pytest.raises(ShapeError, match="ptr must start at 0"):
        EVERY_FORM[form](torch.tensor([[0], [0]]), torch.tensor(ptr), 3)


@pytest.mark.parametrize("form", EVERY_FORM)
def test_a_negative_number_of_steps_is_refused(form):
    with pytest.raises(ShapeError, match="steps must not be negative; got -1"):
        EVERY_FORM[form](torch.tensor([[0], [0]]), torch.tensor([0, 2]), -1)


def test_a_pattern_over_other_nodes_is_refused():
    edge_index, ptr = WALK_CASES["dead end"]
    with pytest.raises(ShapeError, match="pattern must join 3 nodes"):
        relative_random_walk_probabilities(edge_index, ptr, 2, random_pattern(4, 4, 3))
    with pytest.raises(ShapeError, match="got 3 targets, 5 sources"):
        relative_random_walk_probabilities(edge_index, ptr, 2, random_pattern(3, 5, 3))


def test_half_precision_is_refused():
    edge_index, ptr = WALK_CASES["dead end"]
    with pytest.raises(ShapeError, match="dtype must be float32 or float64"):
        relative_random_walk_probabilities(edge_index, ptr, 2, dtype=torch.float16)
