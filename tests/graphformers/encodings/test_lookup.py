"""Models take encodings from a batch, and refuse those of other settings."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from graphformers.encodings import (
    LaplacianEigenvectors,
    RandomWalk,
    RelativeRandomWalk,
    encode,
    node_encoding,
    pair_encoding,
)
from graphformers.errors import DataError, ShapeError
from graphformers.kernels import SparsePattern


def never(*_arguments):
    raise AssertionError("computed although it is there")


WALK, PAIRS = RandomWalk(steps=4), RelativeRandomWalk(steps=3)


def test_tensors_come_in_the_order_of_their_names(odd_graphs):
    wanted = LaplacianEigenvectors(count=2)
    encoded = encode(odd_graphs, [wanted])
    vectors, values = node_encoding(encoded, wanted)
    assert vectors is encoded.encodings["eigenvectors"]
    assert values is encoded.encodings["eigenvalues"]


def test_a_missing_encoding_is_named_with_its_remedy(odd_graphs):
    encoded = encode(odd_graphs, [LaplacianEigenvectors(count=2)])
    message = r"'rwse'; the batch has eigenvectors, eigenvalues.*encode\(batch, model.config"
    with pytest.raises(DataError, match=message):
        node_encoding(encoded, WALK)


@pytest.mark.parametrize(
    ("computed", "wanted", "differing"),
    [
        (RandomWalk(steps=16), RandomWalk(steps=20), ("steps=20", "steps=16")),
        (
            LaplacianEigenvectors(count=2),
            LaplacianEigenvectors(count=2, normalization="sym"),
            ("'sym'", "'none'"),
        ),
    ],
)
def test_other_settings_are_both_shown(odd_graphs, computed, wanted, differing):
    encoded = encode(odd_graphs, [computed])
    with pytest.raises(DataError, match=rf"{differing[0]}.*{differing[1]}.*encode\("):
        node_encoding(encoded, wanted)


def test_tensors_of_unknown_origin_are_taken_if_their_width_fits(odd_graphs):
    by_hand = torch.zeros(odd_graphs.num_nodes, 4)
    graphs = replace(odd_graphs, encodings={"rwse": by_hand})
    assert node_encoding(graphs, WALK) == (by_hand,)
    with pytest.raises(ShapeError, match=r"\(nodes, 5\); got \(22, 4\)"):
        node_encoding(graphs, RandomWalk(steps=5))


def test_pairs_are_computed_when_the_batch_has_none(odd_graphs):
    assert torch.equal(pair_encoding(odd_graphs, PAIRS), PAIRS.compute(odd_graphs))


def test_pairs_are_taken_when_the_batch_has_them(odd_graphs, monkeypatch):
    encoded = encode(odd_graphs, [PAIRS])
    monkeypatch.setattr(RelativeRandomWalk, "compute", never)
    assert pair_encoding(encoded, PAIRS) is encoded.pair_encodings["rrwp"]
    assert pair_encoding(encoded, PAIRS, encoded.pairs) is encoded.pair_encodings["rrwp"]


def test_pairs_of_another_pattern_are_picked_out_of_those_there(odd_graphs, monkeypatch):
    encoded = encode(odd_graphs, [PAIRS])
    nodes = odd_graphs.num_nodes
    edges = odd_graphs.edge_index[:, torch.randperm(odd_graphs.num_edges)]
    pattern = SparsePattern.from_edge_index(edges, num_targets=nodes, num_sources=nodes)
    for other in (pattern, odd_graphs.edges.k_hop(2), SparsePattern.complete(odd_graphs.ptr)):
        expected = PAIRS.compute(odd_graphs, other)
        with monkeypatch.context() as patched:
            patched.setattr(RelativeRandomWalk, "compute", never)
            taken = pair_encoding(encoded, PAIRS, other)
        torch.testing.assert_close(taken, expected, rtol=0, atol=1e-7)


def test_pairs_with_other_settings_are_refused(odd_graphs):
    encoded = encode(odd_graphs, [PAIRS])
    with pytest.raises(DataError, match=r"'rrwp'.*steps=5.*steps=3"):
        pair_encoding(encoded, RelativeRandomWalk(steps=5))


def test_other_settings_do_not_matter_once_the_pairs_are_dropped(odd_graphs):
    encoded = replace(encode(odd_graphs, [PAIRS]), pair_encodings={})
    assert pair_encoding(encoded, RelativeRandomWalk(steps=5)).shape[1] == 6


def test_patterns_between_graphs_are_refused(odd_graphs):
    encoded = encode(odd_graphs, [PAIRS])
    nodes = odd_graphs.num_nodes
    across = SparsePattern.from_edge_index(
        torch.tensor([[0], [7]]), num_targets=nodes, num_sources=nodes
    )
    with pytest.raises(ShapeError, match="different graphs"):
        pair_encoding(encoded, PAIRS, across)


class Reader(nn.Module):
    def forward(self, graphs):
        (walks,) = node_encoding(graphs, WALK)
        return walks.sum(), pair_encoding(graphs, PAIRS, graphs.pairs).sum()


def test_lookups_compile_into_one_graph(odd_graphs):
    encoded = encode(odd_graphs, [WALK, PAIRS])
    _ = encoded.pairs
    compiled = torch.compile(Reader(), fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(encoded), Reader()(encoded))
