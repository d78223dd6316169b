"""Attention among the nodes a few steps apart, for graphs with too many pairs."""

from dataclasses import replace

import pytest
import torch

from graphformers.graph_batch import GraphBatch
from graphformers.models import PPGT, PPGTConfig

ROUNDING = 1e-5
CONFIG = replace(PPGTConfig.zinc(), layers=2)


def path(size: int) -> GraphBatch:
    """Nodes in a row, each edge given in one direction only."""
    generator = torch.Generator().manual_seed(size)
    nodes = torch.arange(size)
    return GraphBatch(
        x=torch.randint(21, (size, 1), generator=generator),
        edge_index=torch.stack([nodes[:-1], nodes[1:]]),
        ptr=torch.tensor([0, size]),
        edge_attr=torch.randint(4, (size - 1,), generator=generator),
    )


@pytest.fixture
def batch() -> GraphBatch:
    return GraphBatch.concatenate([path(5), path(1), path(7)])


def models(hops: int) -> tuple[PPGT, PPGT]:
    """With all pairs and with those within so many hops, the same weights."""
    torch.manual_seed(0)
    full, near = PPGT(CONFIG), PPGT(replace(CONFIG, hops=hops))
    for parameter in full.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    near.load_state_dict(full.state_dict())
    return full.eval(), near.eval()


def test_hops_over_the_whole_graph_are_all_pairs(batch):
    full, near = models(6)
    torch.testing.assert_close(near(batch), full(batch), atol=ROUNDING, rtol=ROUNDING)


def test_fewer_hops_see_less(batch):
    full, near = models(2)
    assert (near(batch) - full(batch)).abs().max() > 100 * ROUNDING


def test_nodes_out_of_reach_change_nothing():
    _, near = models(1)
    batch = path(9)
    changed = replace(batch, x=batch.x.clone())
    changed.x[0] = (batch.x[0] + 1) % 21
    before, after = near.node_states(batch), near.node_states(changed)
    differs = (before != after).any(1)
    assert differs[:3].all()  # two layers of one hop each, in either direction of the edges
    assert not differs[3:].any()


def test_hops_read_the_walks_a_batch_carries(batch):
    _, near = models(2)
    (encoding,) = near.config.pair_encodings
    carried = replace(batch, pair_encodings={encoding.name: encoding.compute(batch)})
    torch.testing.assert_close(near(carried), near(batch), atol=ROUNDING, rtol=ROUNDING)


def test_the_number_of_pairs_grows_with_the_nodes_only():
    _, near = models(2)
    small, large = (near.attention_pattern(path(size)).num_edges for size in (100, 200))
    assert large - small == 5 * 100
