"""Edges find their pair."""

import pytest
import torch

from graphformers.errors import ShapeError
from graphformers.kernels import SparsePattern
from graphformers.layers.pair_slots import pair_slots

PTR = torch.tensor([0, 3, 4, 8])


def test_every_pair_of_a_complete_pattern_finds_itself():
    pattern = SparsePattern.complete(PTR)
    pairs = torch.stack([pattern.source, pattern.target])
    shuffle = torch.randperm(pattern.num_edges, generator=torch.Generator().manual_seed(0))
    assert torch.equal(pair_slots(pattern, pairs[:, shuffle]), pattern.edge[shuffle])


def test_slots_follow_the_callers_edge_order():
    edge_index = torch.tensor([[2, 0, 1], [0, 2, 2]])
    pattern = SparsePattern.from_edge_index(edge_index, num_targets=3, num_sources=3)
    assert pair_slots(pattern, edge_index).tolist() == [0, 1, 2]


def test_parallel_edges_share_their_pair():
    pattern = SparsePattern.complete(PTR)
    slots = pair_slots(pattern, torch.tensor([[1, 1, 0], [2, 2, 1]]))
    assert slots[0] == slots[1] != slots[2]


@pytest.mark.parametrize("edge", [(0, 3), (7, 0), (4, 3)], ids=str)
def test_a_pair_outside_the_pattern_is_named(edge):
    edge_index = torch.tensor(edge)[:, None]
    with pytest.raises(ShapeError, match=f"no pair {edge[0]} -> {edge[1]}"):
        pair_slots(SparsePattern.complete(PTR), edge_index)
