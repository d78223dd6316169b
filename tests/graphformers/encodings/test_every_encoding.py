"""What holds for every encoding of nodes and of pairs."""

import pytest
import torch

from graphformers.encodings import (
    Degree,
    ElectrostaticStatistics,
    Encoding,
    GraphSize,
    HeatKernel,
    LaplacianEigenvectors,
    PairEncoding,
    RandomWalk,
    RelativeRandomWalk,
    ShortestPathEdges,
    ShortestPaths,
    encode,
)
from graphformers.graph_batch import GraphBatch

FLOAT32 = 2e-5

OF_NODES = [
    Degree(),
    ElectrostaticStatistics(),
    GraphSize(),
    HeatKernel(times=(0.5, 1.0, 4.0)),
    RandomWalk(steps=5),
]
UP_TO_SIGN = [LaplacianEigenvectors(count=3), LaplacianEigenvectors(count=2, drop_first=True)]
OF_PAIRS = [
    RelativeRandomWalk(steps=4),
    RelativeRandomWalk(steps=4, symmetric=True, direction="both"),
    ShortestPaths(max_distance=3),
    ShortestPaths(max_distance=3, direction="undirected"),
]
WITH_ORDER = [ShortestPathEdges(max_distance=3)]  # it depends on the order of the edges


def near(one: torch.Tensor, other: torch.Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=FLOAT32, atol=FLOAT32, equal_nan=True)


def relabelled(graphs: GraphBatch) -> tuple[GraphBatch, torch.Tensor]:
    """Nodes shuffled inside their graphs, and where each node is now."""
    generator = torch.Generator().manual_seed(4)
    parts = [
        first + torch.randperm(last - first, generator=generator)
        for first, last in zip(graphs.ptr[:-1].tolist(), graphs.ptr[1:].tolist(), strict=True)
    ]
    place = torch.cat(parts)
    moved = GraphBatch(x=graphs.x, edge_index=place[graphs.edge_index], ptr=graphs.ptr)
    return moved, place


@pytest.mark.parametrize("encoding", OF_NODES + UP_TO_SIGN, ids=str)
def test_it_is_an_encoding_of_nodes(encoding, odd_graphs):
    assert isinstance(encoding, Encoding)
    assert not isinstance(encoding, PairEncoding)
    tensors = encoding.compute(odd_graphs)
    assert tuple(tensors) == encoding.names
    for values in tensors.values():
        assert values.shape == (odd_graphs.num_nodes, encoding.channels)
    hash(encoding)


@pytest.mark.parametrize("encoding", OF_PAIRS + WITH_ORDER, ids=str)
def test_it_is_an_encoding_of_pairs(encoding, odd_graphs):
    assert isinstance(encoding, PairEncoding)
    assert not isinstance(encoding, Encoding)
    assert encoding.compute(odd_graphs).shape[0] == odd_graphs.pairs.num_edges
    hash(encoding)


@pytest.mark.parametrize("encoding", OF_NODES, ids=str)
def test_relabelling_nodes_relabels_encodings(encoding, odd_graphs):
    moved, place = relabelled(odd_graphs)
    after = encoding.compute(moved)
    for name, values in encoding.compute(odd_graphs).items():
        near(after[name][place], values)


@pytest.mark.parametrize("encoding", OF_PAIRS, ids=str)
def test_relabelling_nodes_relabels_encodings_of_pairs(encoding, odd_graphs):
    moved, place = relabelled(odd_graphs)
    nodes = odd_graphs.num_nodes
    keys = [
        batch.pairs.target * nodes + batch.pairs.source  # ascending: the order of all pairs
        for batch in (odd_graphs, moved)
    ]
    source, target = place[odd_graphs.pairs.source], place[odd_graphs.pairs.target]
    row = torch.searchsorted(keys[1], target * nodes + source)
    near(encoding.compute(moved)[row], encoding.compute(odd_graphs))


@pytest.mark.parametrize("encoding", OF_NODES + UP_TO_SIGN, ids=str)
def test_a_batch_holds_the_encodings_of_its_graphs(encoding, odd_graphs):
    together = encode(odd_graphs, [encoding])
    for number in range(len(odd_graphs)):
        alone = encoding.compute(odd_graphs.select([number]))
        for name, values in together.select([number]).encodings.items():
            near(values, alone[name])


@pytest.mark.parametrize("encoding", OF_PAIRS + WITH_ORDER, ids=str)
def test_a_batch_holds_the_encodings_of_the_pairs_of_its_graphs(encoding, odd_graphs):
    together = encode(odd_graphs, [encoding])
    for number in range(len(odd_graphs)):
        alone = encoding.compute(odd_graphs.select([number]))
        near(together.select([number]).pair_encodings[encoding.name], alone)


@pytest.mark.parametrize("encoding", OF_NODES, ids=str)
def test_encodings_of_odd_graphs_are_finite(encoding, odd_graphs):
    for values in encoding.compute(odd_graphs).values():
        assert values.isfinite().all()


@pytest.mark.parametrize("encoding", OF_NODES + UP_TO_SIGN + OF_PAIRS + WITH_ORDER, ids=str)
def test_an_empty_batch_has_empty_encodings(encoding, odd_graphs):
    nothing = odd_graphs.select([])
    encoded, whole = encode(nothing, [encoding]), encode(odd_graphs, [encoding])
    for kind in ("encodings", "pair_encodings"):
        for name, values in getattr(encoded, kind).items():
            like = getattr(whole, kind)[name]
            assert values.shape == (0, *like.shape[1:])
            assert values.dtype == like.dtype
