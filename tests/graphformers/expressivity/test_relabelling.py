"""Relabelled copies."""

import pytest
import torch

from graphformers.encodings import LaplacianEigenvectors, RandomWalk, RelativeRandomWalk
from graphformers.errors import ConfigError
from graphformers.expressivity import encode_in_double, relabelled

ROUNDING = 1e-14


def adjacency(graphs):
    matrix = torch.zeros(graphs.num_nodes, graphs.num_nodes)
    matrix[graphs.edge_index[0], graphs.edge_index[1]] = 1.0
    return matrix


def test_a_copy_has_the_same_edges_under_other_names(circles):
    copy = relabelled(circles.graphs, torch.Generator().manual_seed(3))
    assert torch.equal(copy.ptr, circles.graphs.ptr)
    assert not torch.equal(adjacency(copy), adjacency(circles.graphs))
    for graph in range(3):
        before, after = (adjacency(one.select([graph])) for one in (circles.graphs, copy))
        spectra = [torch.linalg.eigvalsh(one.double()) for one in (before, after)]
        torch.testing.assert_close(spectra[0], spectra[1])


def test_encodings_that_moved_are_those_of_the_relabelled_edges(circles):
    encodings = [RandomWalk(steps=4), RelativeRandomWalk(steps=4)]
    moved = relabelled(encode_in_double(circles.graphs, encodings), torch.Generator())
    anew = encode_in_double(moved, encodings)
    for name, values in anew.encodings.items():
        torch.testing.assert_close(moved.encodings[name], values, rtol=0, atol=ROUNDING)
    for name, values in anew.pair_encodings.items():
        torch.testing.assert_close(moved.pair_encodings[name], values, rtol=0, atol=ROUNDING)


def test_features_move_with_their_nodes_and_edges(circles):
    graphs = circles.graphs
    named = type(graphs)(
        x=torch.arange(18).unsqueeze(1),
        edge_index=graphs.edge_index,
        ptr=graphs.ptr,
        edge_attr=graphs.edge_index.mT,
    )
    copy = relabelled(named, torch.Generator().manual_seed(1))
    assert torch.equal(copy.x[copy.edge_index].squeeze(2).mT, copy.edge_attr)


def test_encodings_with_chosen_signs_are_refused(circles):
    with pytest.raises(ConfigError, match="only walk encodings"):
        encode_in_double(circles.graphs, [LaplacianEigenvectors(count=2)])
