"""Patterns that are made and not given: masks, windows, hops, chance, unions."""

import itertools

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from graphformers.errors import ShapeError
from graphformers.kernels import SparsePattern
from graphformers.kernels.pattern_cases import random_pattern

SIZES = st.lists(st.integers(0, 7), min_size=1, max_size=5)
MANY_DRAWS = 3000
SPREAD = 0.05  # of a frequency over that many draws, several standard deviations


def ptr_of(sizes) -> torch.Tensor:
    return torch.tensor([0, *sizes]).cumsum(0)


def pairs(pattern: SparsePattern) -> list[tuple[int, int]]:
    """Source and target of every edge, in the order of the edge numbers."""
    return [(source, target) for source, target in pattern.edge_index.T.tolist()]


def in_graphs(sizes):
    """Target and source of all pairs inside graphs."""
    for start, end in itertools.pairwise(ptr_of(sizes).tolist()):
        yield from itertools.product(range(start, end), repeat=2)


def by_rows(edges) -> list[tuple[int, int]]:
    """Distinct edges by target, then by source."""
    return sorted(set(edges), key=lambda edge: edge[::-1])


@given(SIZES)
def test_the_transpose_of_all_pairs_is_that_of_any_pattern(sizes):
    pattern = SparsePattern.complete(ptr_of(sizes))
    given = SparsePattern.from_edge_index(
        pattern.edge_index, num_targets=pattern.num_targets, num_sources=pattern.num_sources
    )
    for name in ("row_ptr", "source", "edge"):
        assert torch.equal(getattr(pattern.transposed, name), getattr(given.transposed, name))
    assert torch.equal(pattern.transposed.transposed.edge, pattern.edge)


def test_all_pairs_can_be_made_in_compiled_code():
    def degrees(ptr):
        pattern = SparsePattern.complete(ptr)
        return pattern.row_ptr.diff(), pattern.transposed.edge

    compiled = torch.compile(degrees, fullgraph=True, dynamic=True, backend="aot_eager")
    for sizes in ([2, 0, 3], [1, 4]):
        for ours, expected in zip(compiled(ptr_of(sizes)), degrees(ptr_of(sizes)), strict=True):
            assert torch.equal(ours, expected)


@given(SIZES, st.integers(0, 4), st.integers(1, 3))
def test_a_window_holds_what_lies_near_in_the_same_graph(sizes, reach, dilation):
    near = {dilation * step for step in range(-reach, reach + 1)}
    expected = [(j, i) for i, j in in_graphs(sizes) if j - i in near]
    assert pairs(SparsePattern.window(ptr_of(sizes), reach, dilation=dilation)) == expected


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=3), st.data())
def test_masks_become_the_blocks_of_one_pattern(shapes, data):
    bits = st.integers(0, 1)
    masks, expected, shift = [], [], (0, 0)
    for rows, columns in shapes:
        flat = data.draw(st.lists(bits, min_size=rows * columns, max_size=rows * columns))
        mask = torch.tensor(flat, dtype=torch.bool).reshape(rows, columns)
        expected += [(j + shift[1], i + shift[0]) for i, j in mask.nonzero().tolist()]
        shift = (shift[0] + rows, shift[1] + columns)
        masks.append(mask)
    pattern = SparsePattern.from_masks(masks)
    assert pairs(pattern) == expected
    assert (pattern.num_targets, pattern.num_sources) == shift


def test_a_mask_names_its_targets_first():
    pattern = SparsePattern.from_mask(torch.tensor([[False, True, True], [False, False, False]]))
    assert pairs(pattern) == [(1, 0), (2, 0)]
    assert (pattern.num_targets, pattern.num_sources) == (2, 3)


@given(st.integers(1, 8), st.integers(0, 4), st.booleans(), st.data())
def test_hops_are_powers_of_the_adjacency_matrix(nodes, hops, include_self, data):
    node = st.integers(0, nodes - 1)
    edges = data.draw(st.lists(st.tuples(node, node), max_size=16))
    edge_index = torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T
    pattern = SparsePattern.from_edge_index(edge_index, num_targets=nodes, num_sources=nodes)
    step = torch.eye(nodes, dtype=torch.int64)
    step[edge_index[1], edge_index[0]] = 1
    reached = torch.linalg.matrix_power(step, hops) > 0
    if not include_self:
        reached.fill_diagonal_(False)
    expected = [(j, i) for i, j in reached.nonzero().tolist()]
    assert pairs(pattern.k_hop(hops, include_self=include_self)) == expected


@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=9), min_size=1))
def test_a_union_has_every_edge_once(lists):
    patterns = [
        SparsePattern.from_edge_index(
            torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T, num_targets=5, num_sources=4
        )
        for edges in lists
    ]
    assert pairs(SparsePattern.union(patterns)) == by_rows(itertools.chain(*lists))


@given(SIZES, st.integers(0, 5), st.integers(0, 3))
def test_random_edges_are_others_of_the_graph_without_repeats(sizes, per_node, seed):
    pattern = SparsePattern.random(ptr_of(sizes), per_node, seed=seed)
    drawn = pairs(pattern)
    allowed = {(j, i) for i, j in in_graphs(sizes) if i != j}
    assert drawn == by_rows(drawn)
    assert set(drawn) <= allowed
    degree = torch.tensor([min(per_node, size - 1) for size in sizes for _ in range(size)])
    assert pattern.row_ptr.diff().tolist() == degree.tolist()


def test_random_edges_follow_the_seed():
    first, again, other = (
        SparsePattern.random(ptr_of([50]), 3, seed=seed).source for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_random_edges_favour_nobody():
    pattern = SparsePattern.random(ptr_of([6] * MANY_DRAWS), 2)
    first_of_graph = pattern.target % 6 == 0
    frequency = torch.bincount(pattern.source[first_of_graph] % 6, minlength=6) / MANY_DRAWS
    assert frequency[0] == 0
    assert ((frequency[1:] - 2 / 5).abs() < SPREAD).all()


def test_random_edges_come_on_top():
    window = SparsePattern.window(ptr_of([20]), 2)
    more = window.with_random_edges(ptr_of([20]), 4, seed=3)
    expected = pairs(window) + pairs(SparsePattern.random(ptr_of([20]), 4, seed=3))
    assert pairs(more) == by_rows(expected)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SparsePattern.window(ptr_of([3]), -1), "reach >= 0"),
        (lambda: SparsePattern.window(ptr_of([3]), 1, dilation=0), "dilation >= 1"),
        (lambda: SparsePattern.window(torch.tensor([0, 3, 2]), 1), "ptr must .* never falls"),
        (lambda: SparsePattern.random(ptr_of([3]), -2), "per_node must not be negative; got -2"),
        (lambda: SparsePattern.from_mask(torch.zeros(2, 2)), "of bool; got torch.float32"),
        (lambda: SparsePattern.from_mask(torch.zeros(2).bool()), r"\(targets, sources\)"),
        (lambda: random_pattern(6, 5, 9).k_hop(1), "6 targets, 5 sources"),
        (lambda: random_pattern(6, 6, 9).k_hop(-1), "got -1 hops"),
        (lambda: SparsePattern.union([]), "same numbers of nodes"),
        (
            lambda: SparsePattern.union([random_pattern(6, 5, 9), random_pattern(5, 5, 9)]),
            "same numbers of nodes",
        ),
    ],
)
def test_what_makes_no_pattern_is_refused(make, message):
    with pytest.raises(ShapeError, match=message):
        make()
