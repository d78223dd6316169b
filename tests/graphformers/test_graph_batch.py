"""Graphs laid end to end."""

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graphformers.errors import ShapeError
from graphformers.graph_batch import GraphBatch


def batch_of(sizes, seed=0, **extra):
    """Graphs of the given sizes; each is a directed ring (a single node has no edge)."""
    generator = torch.Generator().manual_seed(seed)
    ptr = torch.tensor([0, *sizes]).cumsum(0)
    rings = [
        torch.stack([torch.arange(n), (torch.arange(n) + 1) % n]) + start
        for n, start in zip(sizes, ptr.tolist(), strict=False)
        if n > 1
    ]
    edge_index = torch.cat(rings, dim=1) if rings else torch.zeros(2, 0, dtype=torch.int64)
    nodes = int(ptr[-1])
    return GraphBatch(
        x=torch.randn(nodes, 2, generator=generator),
        edge_index=edge_index,
        ptr=ptr,
        edge_attr=torch.randn(edge_index.shape[1], 3, generator=generator),
        encodings={"rwse": torch.randn(nodes, 4, generator=generator)},
        conditions=torch.randn(len(sizes), 2, generator=generator),
        target=torch.randn(len(sizes), 1, generator=generator),
        **extra,
    )


def assert_same(left, right):
    for name in ("x", "edge_index", "ptr", "edge_attr", "conditions", "target"):
        assert torch.equal(getattr(left, name), getattr(right, name)), name
    assert left.encodings.keys() == right.encodings.keys()
    for name, value in left.encodings.items():
        assert torch.equal(value, right.encodings[name]), name


@given(sizes=st.lists(st.integers(1, 6), min_size=1, max_size=6), data=st.data())
def test_selecting_graphs_one_by_one_and_joining_them_is_selecting_them_together(sizes, data):
    graphs = batch_of(sizes)
    chosen = data.draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=8))
    together = graphs.select(chosen)
    assert_same(together, GraphBatch.concatenate([graphs.select([one]) for one in chosen]))
    assert together.num_graphs == len(chosen)


def test_selecting_everything_changes_nothing():
    graphs = batch_of([3, 1, 4])
    assert_same(graphs.select([0, 1, 2]), graphs)


def test_edges_stay_inside_their_graph():
    graphs = batch_of([3, 1, 4, 2]).select([3, 2, 0])
    assert torch.equal(graphs.batch[graphs.edge_index[0]], graphs.batch[graphs.edge_index[1]])
    assert graphs.edge_ptr.tolist() == [0, 2, 6, 9]


def test_targets_per_node_follow_their_nodes():
    graphs = batch_of([2, 3])
    per_node = GraphBatch(
        x=graphs.x,
        edge_index=graphs.edge_index,
        ptr=graphs.ptr,
        target=graphs.x * 2,
        target_per_node=True,
    )
    chosen = per_node.select([1, 0])
    assert torch.equal(chosen.target, chosen.x * 2)


def test_mapping_reaches_every_tensor():
    doubled = batch_of([2, 3]).map(lambda one: one.double() if one.is_floating_point() else one)
    assert doubled.x.dtype == doubled.encodings["rwse"].dtype == doubled.target.dtype
    assert doubled.x.dtype == torch.float64
    assert doubled.ptr.dtype == torch.int64


@pytest.mark.parametrize(
    "wrong", [{"edge_attr": torch.zeros(1, 3)}, {"encodings": {"rwse": torch.zeros(1, 4)}}]
)
def test_wrong_number_of_rows_is_refused(wrong):
    graphs = batch_of([2, 3])
    with pytest.raises(ShapeError, match="must have 5 rows; got 1"):
        GraphBatch(x=graphs.x, edge_index=graphs.edge_index, ptr=graphs.ptr, **wrong)


@pytest.mark.parametrize("ptr", [[0, 3, 4], [1, 3, 5], [0, 6, 5], []], ids=str)
def test_a_pointer_that_does_not_cover_the_nodes_is_refused(ptr):
    edge_index = torch.zeros(2, 0, dtype=torch.int64)
    pointer = torch.tensor(ptr, dtype=torch.int64)
    graphs = GraphBatch(x=torch.zeros(5, 1), edge_index=edge_index, ptr=pointer)
    expected = rf"ptr must ascend from 0 to 5, the number of nodes; got {re.escape(str(ptr))}"
    with pytest.raises(ShapeError, match=expected):
        graphs.check()


def test_graphs_are_checked_once():
    graphs = batch_of([3, 1, 4])
    graphs.check()
    assert graphs.fault is None
    graphs.edge_index.fill_(99)  # nobody looks again
    graphs.check()
