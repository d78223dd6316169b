"""Channels and directions of the relative random-walk encoding, as GRIT and PPGT count them."""

import pytest
import torch

from graphformers.encodings import RandomWalk, RelativeRandomWalk
from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern

FLOAT32 = 1e-6
SIZES = (3, 1, 4)


@pytest.fixture
def graphs() -> GraphBatch:
    """A path, a node and a star whose edges point outwards, with a repeated one."""
    edge_index = torch.tensor([[0, 1, 1, 2, 4, 4, 4, 4], [1, 0, 2, 1, 5, 5, 6, 7]])
    ptr = torch.tensor([0, *SIZES]).cumsum(0)
    return GraphBatch(x=torch.zeros(sum(SIZES), 1), edge_index=edge_index, ptr=ptr)


def dense(graphs: GraphBatch, steps: int, direction: str, symmetric: bool) -> torch.Tensor:
    counts = torch.zeros(graphs.num_nodes, graphs.num_nodes, dtype=torch.float64)
    for source, target in graphs.edge_index.T.tolist():
        counts[source, target] += 1
    if direction == "against":
        counts = counts.T
    if direction == "undirected":
        counts = (counts + counts.T > 0).double()
    degree = counts.sum(1)
    inverse = torch.where(degree > 0, 1 / degree, 0.0)
    step = inverse[:, None] * counts
    if symmetric:
        step = inverse.sqrt()[:, None] * counts * inverse.sqrt()
    source, target = graphs.pairs.edge_index
    powers = [torch.linalg.matrix_power(step, k)[target, source] for k in range(steps + 1)]
    return torch.stack(powers, dim=1).float()


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("direction", ["given", "undirected"])
def test_channels_are_the_identity_and_the_powers(graphs, direction, symmetric):
    encoding = RelativeRandomWalk(steps=5, direction=direction, symmetric=symmetric)
    values = encoding.compute(graphs)
    expected = dense(graphs, 5, direction, symmetric)
    torch.testing.assert_close(values, expected, rtol=FLOAT32, atol=FLOAT32)
    assert encoding.channels == values.shape[1] == 6


@pytest.mark.parametrize("symmetric", [False, True])
def test_both_directions_share_one_identity(graphs, symmetric):
    encoding = RelativeRandomWalk(steps=5, direction="both", symmetric=symmetric)
    values = encoding.compute(graphs)
    onward, against = (dense(graphs, 5, way, symmetric) for way in ("given", "against"))
    expected = torch.cat([onward, against[:, 1:]], dim=1)
    torch.testing.assert_close(values, expected, rtol=FLOAT32, atol=FLOAT32)
    assert encoding.channels == values.shape[1] == 11


@pytest.mark.parametrize("direction", ["given", "both", "undirected"])
def test_the_identity_can_be_left_out(graphs, direction):
    with_identity = RelativeRandomWalk(steps=3, direction=direction)
    without = RelativeRandomWalk(steps=3, direction=direction, identity=False)
    assert torch.equal(without.compute(graphs), with_identity.compute(graphs)[:, 1:])
    assert without.channels == with_identity.channels - 1


def test_self_pairs_hold_the_encoding_of_the_nodes(graphs):
    pairs = graphs.pairs
    values = RelativeRandomWalk(steps=4, identity=False).compute(graphs)
    nodes = RandomWalk(steps=4).compute(graphs)["rwse"]
    torch.testing.assert_close(
        values[pairs.source == pairs.target], nodes, rtol=FLOAT32, atol=FLOAT32
    )


def test_the_pairs_of_another_pattern_may_be_asked_for(graphs):
    encoding = RelativeRandomWalk(steps=4, direction="both")
    everything, (source, target) = encoding.compute(graphs), graphs.pairs.edge_index
    chosen = torch.tensor([7, 2, 2, 20])
    pattern = SparsePattern.from_edge_index(
        torch.stack([source[chosen], target[chosen]]),
        num_targets=graphs.num_nodes,
        num_sources=graphs.num_nodes,
    )
    torch.testing.assert_close(
        encoding.compute(graphs, pattern), everything[chosen], rtol=FLOAT32, atol=FLOAT32
    )


def test_a_batch_holds_the_values_of_its_graphs(graphs):
    encoding = RelativeRandomWalk(steps=4)
    alone = [encoding.compute(graphs.select([number])) for number in range(len(graphs))]
    assert torch.equal(encoding.compute(graphs), torch.cat(alone))


@pytest.mark.parametrize(
    "build",
    [
        lambda: RelativeRandomWalk(steps=0),
        lambda: RelativeRandomWalk(steps=2, direction="sideways"),
    ],
)
def test_settings_outside_their_range_are_refused(build):
    with pytest.raises(ConfigError):
        build()
