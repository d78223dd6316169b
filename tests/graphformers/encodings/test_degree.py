"""Degrees and sizes, counted by hand."""

import math

import torch

from graphformers.encodings import Degree, GraphSize


def test_parallel_edges_add_up_and_self_loops_count_each_way(odd_graphs):
    nodes = odd_graphs.num_nodes
    incoming, outgoing = [0] * nodes, [0] * nodes
    for source, target in odd_graphs.edge_index.T.tolist():
        outgoing[source] += 1
        incoming[target] += 1
    found = Degree().compute(odd_graphs)
    assert found["in_degree"].flatten().tolist() == incoming
    assert found["out_degree"].flatten().tolist() == outgoing
    assert outgoing[9:12] == [1, 3, 2]  # the second of two edges is parallel, the last a loop
    assert incoming != outgoing
    logarithm = torch.tensor([[math.log(1 + degree)] for degree in outgoing])
    torch.testing.assert_close(found["log_degree"], logarithm)
    assert found["in_degree"].dtype == torch.int64


def test_every_node_knows_the_size_of_its_graph(odd_graphs):
    sizes = [5] * 5 + [1] + [3] * 3 + [7] * 7 + [2] * 2 + [4] * 4
    found = GraphSize().compute(odd_graphs)["log_size"]
    expected = torch.tensor([[math.log(1 + size)] for size in sizes])
    torch.testing.assert_close(found, expected)
