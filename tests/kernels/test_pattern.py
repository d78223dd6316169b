import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given

from graphformers.errors import ShapeError
from graphformers.kernels import SparsePattern
from graphformers.kernels.grouping.cases import GROUPING_CASES
from graphformers.kernels.grouping.op import group
from graphformers.kernels.grouping.reference import group_reference


@st.composite
def edge_lists(draw: st.DrawFn) -> tuple[torch.Tensor, int, int]:
    targets, sources = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    pairs = st.tuples(st.integers(0, sources - 1), st.integers(0, targets - 1))
    edges = draw(st.lists(pairs, max_size=40))
    return torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T, targets, sources


@pytest.mark.parametrize("label", GROUPING_CASES)
def test_grouping_equals_a_stable_sort(label):
    keys, groups = GROUPING_CASES[label]
    for ours, expected in zip(group(keys, groups), group_reference(keys, groups), strict=True):
        assert torch.equal(ours, expected)


@pytest.mark.parametrize("keys", [[-1, 0], [0, 3]])
def test_keys_outside_the_groups_are_refused(keys):
    with pytest.raises(ShapeError, match=r"0 \.\.\. 2"):
        group(torch.tensor(keys), 3)


@given(edge_lists())
def test_pattern_gives_the_edge_index_back(drawn):
    edge_index, targets, sources = drawn
    pattern = SparsePattern.from_edge_index(edge_index, num_targets=targets, num_sources=sources)
    assert torch.equal(pattern.edge_index, edge_index)
    assert torch.equal(pattern.transposed.edge_index, edge_index.flip(0))


@given(edge_lists())
def test_rows_ascend_by_source_then_by_the_callers_order(drawn):
    edge_index, targets, sources = drawn
    pattern = SparsePattern.from_edge_index(edge_index, num_targets=targets, num_sources=sources)
    slots = zip(
        pattern.target.tolist(), pattern.source.tolist(), pattern.edge.tolist(), strict=True
    )
    slots = list(slots)
    assert slots == sorted(slots)


def test_transposing_twice_gives_the_pattern_back(pattern):
    twice = pattern.transposed.transposed
    assert torch.equal(twice.row_ptr, pattern.row_ptr)
    assert torch.equal(twice.source, pattern.source)
    assert torch.equal(twice.edge, pattern.edge)


def test_transposed_is_made_once(pattern):
    assert pattern.transposed is pattern.transposed


def test_complete_lists_all_pairs_graph_by_graph():
    pattern = SparsePattern.complete(torch.tensor([0, 2, 2, 5]))
    expected = [(j, i) for a, b in [(0, 2), (2, 5)] for i in range(a, b) for j in range(a, b)]
    assert [tuple(edge) for edge in pattern.edge_index.T.tolist()] == expected
    assert torch.equal(pattern.edge, torch.arange(13))


def test_rows_given_compressed_keep_their_edge_numbers():
    pattern = SparsePattern.from_csr(
        torch.tensor([0, 2, 2, 4]), torch.tensor([3, 1, 0, 0]), num_sources=4
    )
    assert pattern.source.tolist() == [1, 3, 0, 0]
    assert pattern.edge.tolist() == [1, 0, 2, 3]
    assert pattern.edge_index.tolist() == [[3, 1, 0, 0], [0, 0, 2, 2]]


def test_int32_edges_are_taken():
    edge_index = torch.tensor([[0, 1], [1, 0]], dtype=torch.int32)
    pattern = SparsePattern.from_edge_index(edge_index, num_targets=2, num_sources=2)
    assert torch.equal(pattern.edge_index, edge_index.long())


def test_a_node_that_does_not_exist_is_refused():
    with pytest.raises(ShapeError, match="node numbers"):
        SparsePattern.from_edge_index(torch.tensor([[0], [2]]), num_targets=2, num_sources=2)


def test_a_transposed_edge_list_is_refused():
    with pytest.raises(ShapeError, match=r"\(2, edges\); got \(7, 2\)"):
        SparsePattern.from_edge_index(torch.zeros(7, 2).long(), num_targets=2, num_sources=2)


@pytest.mark.parametrize("row_ptr", [[0, 2, 1], [1, 2], [0, 1], [0, 3], []])
def test_row_pointers_that_do_not_fit_the_sources_are_refused(row_ptr):
    with pytest.raises(ShapeError, match="row_ptr must"):
        SparsePattern.from_csr(
            torch.tensor(row_ptr, dtype=torch.int64), torch.tensor([0, 0]), num_sources=1
        )


def test_graph_pointers_that_do_not_start_at_zero_are_refused():
    with pytest.raises(ShapeError, match="ptr must be one axis that starts at 0"):
        SparsePattern.complete(torch.tensor([1, 3]))


def test_moving_keeps_every_tensor(pattern):
    moved = pattern.to("cpu")
    assert torch.equal(moved.edge_index, pattern.edge_index)
    assert (moved.num_targets, moved.num_sources) == (pattern.num_targets, pattern.num_sources)
