"""The exact references: what 1-WL, walks and 2-FWL tell apart is known."""

import numpy as np
import pytest
import torch

from graphformers.encodings import RandomWalk, RelativeRandomWalk, encode
from graphformers.expressivity import (
    REFERENCES,
    brec_pairs,
    classes_told_apart,
    csl_classes,
    encode_in_double,
    find_file,
    one_wl_colours,
    read_satisfiability,
    relative_walk_colours,
    separated_by_colours,
    strongly_regular_25,
)
from graphformers.expressivity.walk_refinement import walk_colours
from graphformers.graph_batch import GraphBatch

EASY_CFI = 260  # told apart by 2-FWL
SMALL_PAIRS = [0, 30, 59, 60, 109, 110, 111, 160, 259]


def told_apart(graph_set, name):
    separation = separated_by_colours(graph_set, REFERENCES[name])
    assert separation.false_alarms == 0
    return sum(separation.told_apart)


def test_colour_refinement_confuses_a_circle_with_two_triangles(circles):
    assert separated_by_colours(circles, one_wl_colours).told_apart == (False, True, True)


@pytest.mark.parametrize("name", [name for name in REFERENCES if name != "1-wl"])
def test_stronger_references_tell_a_circle_from_two_triangles(circles, name):
    assert told_apart(circles, name) == 3


def test_regular_graphs_of_different_degree_are_told_apart():
    graphs = GraphBatch.concatenate([csl_classes().graphs, strongly_regular_25().graphs])
    assert len(set(one_wl_colours(graphs))) == 2


def test_colour_refinement_separates_nothing_in_csl():
    classes = csl_classes()
    separation = separated_by_colours(classes, one_wl_colours)
    assert not any(separation.told_apart)
    assert classes_told_apart(classes, separation.told_apart) == 1


@pytest.mark.parametrize("name", ["1-wl-rwse", "wl-rrwp", "2-fwl"])
def test_walks_and_2_fwl_separate_all_of_csl(name):
    assert told_apart(csl_classes(), name) == 45


@pytest.mark.parametrize("name", REFERENCES)
def test_nothing_up_to_3_wl_separates_strongly_regular_graphs(name):
    assert told_apart(strongly_regular_25(), name) == 0


def test_colour_refinement_separates_nothing_in_brec():
    assert told_apart(brec_pairs(), "1-wl") == 0


def test_2_fwl_separates_small_pairs_of_brec_except_strongly_regular_ones():
    expected = [True] * 5 + [False] * 2 + [True] * 2
    chosen = brec_pairs().select_pairs(SMALL_PAIRS)
    assert list(separated_by_colours(chosen, REFERENCES["2-fwl"]).told_apart) == expected


@pytest.mark.slow
def test_2_fwl_tells_apart_the_270_pairs_of_brec_that_3_wl_does():
    brec = brec_pairs()
    separation = separated_by_colours(brec, REFERENCES["2-fwl"])
    counted = dict.fromkeys(brec.categories, 0)
    for category, apart in zip(brec.categories, separation.told_apart, strict=True):
        counted[category] += apart
    assert separation.false_alarms == 0
    assert counted == {
        "basic": 60, "regular": 50, "strongly-regular": 0, "extension": 100, "cfi": 60,
        "4-vertex": 0, "distance-regular": 0,
    }  # fmt: skip


def test_colour_refinement_confuses_all_of_exp_and_half_of_cexp(published_files):
    for name, expected in (("exp", 0), ("cexp", 300)):
        graphs = read_satisfiability(find_file(published_files, name), name)
        assert len(graphs.pairs) == 600
        assert told_apart(graphs, "1-wl") == expected


@pytest.mark.parametrize("name", REFERENCES)
def test_types_of_nodes_are_seen(circles, name):
    plain = circles.graphs.select([0])
    marked = plain.map(torch.clone)
    marked.x[4] = 1
    first, second = REFERENCES[name](GraphBatch.concatenate([plain, marked]))
    assert first != second


def test_exact_walks_are_equal_where_the_probabilities_are():
    graph = strongly_regular_25().graphs.select([3])
    walks = RelativeRandomWalk(steps=5)
    values = encode_in_double(graph, [walks]).pair_encodings["rrwp"].numpy()
    colours = walk_colours((25, graph.edge_index), 5).reshape(-1)
    rounded = np.unique(values.round(10), axis=0, return_inverse=True)[1].reshape(-1)
    same = rounded[:, None] == rounded[None, :]
    assert np.array_equal(same, colours[:, None] == colours[None, :])


def test_exact_walks_refuse_large_graphs():
    with pytest.raises(ValueError, match="up to 512 nodes; got 513"):
        walk_colours((513, torch.zeros(2, 0, dtype=torch.int64)), 2)


def test_isolated_nodes_walk_nowhere():
    graphs = GraphBatch(
        x=torch.zeros(3, 1, dtype=torch.int64),
        edge_index=torch.tensor([[0, 1], [1, 0]]),
        ptr=torch.tensor([0, 3]),
    )
    assert len(relative_walk_colours(graphs, 4)) == 1


@pytest.mark.parametrize("symmetric", [False, True])
def test_walks_in_double_precision_are_those_of_the_library(circles, symmetric):
    walks = RelativeRandomWalk(steps=6, symmetric=symmetric, direction="undirected")
    ours = encode_in_double(circles.graphs, [RandomWalk(steps=6), walks])
    theirs = encode(circles.graphs, [RandomWalk(steps=6)])
    assert ours.encodings["rwse"].dtype == torch.float64
    torch.testing.assert_close(ours.encodings["rwse"].float(), theirs.encodings["rwse"])
    torch.testing.assert_close(ours.pair_encodings["rrwp"].float(), walks.compute(circles.graphs))
    assert ours.encoded_with == (RandomWalk(steps=6), walks)
