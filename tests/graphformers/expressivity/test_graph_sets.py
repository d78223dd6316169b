"""The sets of graphs: their sizes, their files, and what is wrong with bad ones."""

import gzip

import pytest
import torch

from graphformers.errors import DataError
from graphformers.expressivity import (
    CATEGORIES,
    GraphSet,
    all_pairs,
    batch_of,
    brec_pairs,
    csl_classes,
    csl_copies,
    find_file,
    read_satisfiability,
    strongly_regular_25,
)
from graphformers.expressivity.bundled import read_brec
from graphformers.expressivity.circular_skip_links import skip_link_edges


def dense(edges, size):
    matrix = torch.zeros(size, size, dtype=torch.float64)
    matrix[edges[0], edges[1]] = 1.0
    return matrix


def test_csl_graphs_are_4_regular_with_41_nodes():
    graphs = csl_copies().graphs
    assert graphs.ptr.diff().unique().tolist() == [41]
    assert graphs.edge_index[1].bincount().unique().tolist() == [4]
    assert len(graphs) == 150


def test_csl_classes_have_different_spectra():
    classes = csl_classes()
    spectra = [
        torch.linalg.eigvalsh(dense(skip_link_edges(41, skip), 41))
        for skip in (2, 3, 4, 5, 6, 9, 11, 12, 13, 16)
    ]
    assert len(classes.pairs) == 45
    for first, second in classes.pairs.tolist():
        assert (spectra[first] - spectra[second]).abs().max() > 0.01


@pytest.mark.parametrize("skip", [0, 1, 21, 41])
def test_a_skip_that_makes_no_4_regular_graph_is_refused(skip):
    with pytest.raises(DataError, match="skip must lie between"):
        skip_link_edges(41, skip)


def test_sr25_is_strongly_regular():
    for graph in range(15):
        one = strongly_regular_25().graphs.select([graph])
        matrix = dense(one.edge_index, 25)
        adjacent, identity = matrix, torch.eye(25).double()
        other = 1 - adjacent - identity
        assert torch.equal(matrix @ matrix, 12 * identity + 5 * adjacent + 6 * other)


def test_brec_has_400_pairs_of_equal_degrees():
    brec = brec_pairs()
    assert len(brec.pairs) == 400
    assert {name: brec.categories.count(name) for name in CATEGORIES} == CATEGORIES
    assert int(brec.graphs.ptr.diff().max()) == 198
    for first, second in brec.pairs.tolist():
        pair = brec.graphs.select([first, second])
        degrees = pair.edge_index[1].bincount(minlength=pair.num_nodes)
        one, other = degrees.split(pair.ptr.diff().tolist())
        assert torch.equal(one.sort().values, other.sort().values)


def test_brec_of_another_length_is_refused():
    with pytest.raises(DataError, match="400 pairs should be there; got 2 lines"):
        read_brec(["category\tg6_a\tg6_b", "Basic\tCl\tCl"])


@pytest.mark.parametrize(
    ("row", "message"), [("Basic\tCl", "line 7 should have 3 cells"), ("a\tCl\tC", "line 7: ")]
)
def test_a_bad_line_of_brec_is_named(row, message):
    lines = ["header", *["Basic\tCl\tCl"] * 400]
    lines[6] = row
    with pytest.raises(DataError, match=message):
        read_brec(lines)


def test_a_satisfiability_file_is_read(satisfiability_file):
    read = read_satisfiability(satisfiability_file, "exp")
    assert read.labels == (1, 0, 0, 1)
    assert read.graphs.ptr.tolist() == [0, 6, 12, 18, 24]
    assert read.pairs.tolist() == [[0, 1], [2, 3]]
    assert read.graphs.select([3]).num_edges == 10


def test_compressed_files_are_found_and_read(satisfiability_file, tmp_path):
    packed = satisfiability_file.read_bytes()
    satisfiability_file.unlink()
    assert find_file(tmp_path, "exp") is None
    (tmp_path / "EXP_GRAPHSAT.txt.gz").write_bytes(gzip.compress(packed))
    found = find_file(tmp_path, "exp")
    assert found is not None
    assert len(read_satisfiability(found, "exp").graphs) == 4


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (0, "4 4", r"line 1: an even number of graphs should stand alone here; got \[4, 4\]"),
        (0, "three", "line 1: the number of graphs should be whole numbers; got 'three'"),
        (0, "6", "ends at line 30, where 'nodes label' should stand"),
        (0, "2", "more than the 2 graphs"),
        (1, "6 7", "line 2: 'nodes label' with label 0 or 1"),
        (2, "0 2 5", r"line 3: 'type degree neighbours' with degree neighbours; got \[0, 2, 5\]"),
        (2, "0 2 5 6", "line 3: types are below 2 and neighbours below 6"),
        (2, "9 2 5 1", "line 3: types are below 2"),
        (2, "0 2 5 2", "line 8: the graph ending here lists an edge in one direction only"),
        (8, "6 1", "graphs 0 and 1 should have different labels"),
    ],
)
def test_a_bad_satisfiability_file_says_where_and_what(satisfiability_file, line, text, message):
    lines = satisfiability_file.read_text().splitlines()
    lines[line] = text
    satisfiability_file.write_text("\n".join(lines))
    with pytest.raises(DataError, match=message):
        read_satisfiability(satisfiability_file, "exp")


def test_a_truncated_satisfiability_file_says_what_is_missing(satisfiability_file):
    lines = satisfiability_file.read_text().splitlines()
    satisfiability_file.write_text("\n".join(lines[:5]))
    with pytest.raises(DataError, match="ends at line 6, where node 3 of 6 should stand"):
        read_satisfiability(satisfiability_file, "exp")


def test_selected_pairs_bring_their_graphs_alone(circles):
    chosen = circles.select_pairs([2])
    assert chosen.pairs.tolist() == [[0, 1]]
    assert chosen.graphs.select([0]).num_edges == 12
    assert chosen.graphs.select([1]).num_edges == 10


def test_a_pair_outside_the_set_is_refused(circles):
    with pytest.raises(DataError, match="circles has pairs 0 to 2; got 3"):
        circles.select_pairs([0, 3])


def test_labels_of_another_number_are_refused():
    graphs = batch_of([(2, torch.tensor([[0, 1], [1, 0]]))] * 2)
    with pytest.raises(DataError, match="needs 2 labels or none; got 1"):
        GraphSet(name="two", graphs=graphs, pairs=all_pairs(2), labels=(0,))
