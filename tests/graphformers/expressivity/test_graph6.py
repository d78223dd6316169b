"""Reading graph6."""

import networkx as nx
import pytest
import torch

from graphformers.errors import DataError
from graphformers.expressivity import edges_from_graph6, edges_from_lines


def as_set(edges):
    return set(map(tuple, edges.mT.tolist()))


def test_a_known_line_is_a_square():
    num_nodes, edges = edges_from_graph6("Cl")
    assert num_nodes == 4
    assert as_set(edges) == {(a, b) for a, b in [(0, 1), (0, 3), (1, 2), (2, 3)]} | {
        (b, a) for a, b in [(0, 1), (0, 3), (1, 2), (2, 3)]
    }


@pytest.mark.parametrize("size", [0, 1, 2, 7, 62, 63, 198])
@pytest.mark.parametrize("header", [False, True])
def test_lines_of_networkx_are_read_back(size, header):
    graph = nx.gnp_random_graph(size, 0.3, seed=size)
    line = nx.to_graph6_bytes(graph, header=header).decode()
    num_nodes, edges = edges_from_graph6(line)
    assert num_nodes == size
    assert edges.shape[1] == 2 * graph.number_of_edges()
    assert as_set(edges) == {(a, b) for a, b in graph.edges} | {(b, a) for a, b in graph.edges}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "characters"),
        ("C l", "characters ?"),
        ("X}rM", "25 nodes has 51 characters; got 4"),
        ("Clll", "4 nodes has 2 characters; got 4"),
        ("~~??????", "258,047"),
        ("~?", "258,047"),
    ],
)
def test_other_lines_are_refused_with_what_is_wrong(line, message):
    with pytest.raises(DataError, match=message.replace("?", r"\?")):
        edges_from_graph6(line)


def test_an_error_in_a_file_names_the_line():
    with pytest.raises(DataError, match="line 3: a graph6 line"):
        edges_from_lines(["Cl", "", "X}rM"])


def test_edges_are_whole_numbers_for_torch():
    assert edges_from_graph6("Cl")[1].dtype == torch.int64
