"""Distances and paths, beside those of a search in plain Python."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphformers.encodings import ShortestPathEdges, ShortestPaths, breadth_first, pair_encoding
from graphformers.encodings.encode_graphs import encode
from graphformers.errors import ConfigError, DataError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern

FAR = 1 << 20


def edges_of(graphs: GraphBatch, direction: str) -> list[tuple[int, int]]:
    edges = [tuple(edge) for edge in graphs.edge_index.T.tolist()]
    if direction == "undirected":
        edges += [(target, source) for source, target in edges]
    return edges


def distances(graphs: GraphBatch, direction: str) -> list[list[int]]:
    """[source][target], by Floyd and Warshall."""
    nodes = range(graphs.num_nodes)
    table = [[0 if i == j else FAR for j in nodes] for i in nodes]
    for source, target in edges_of(graphs, direction):
        table[source][target] = min(table[source][target], 1)
    for via in nodes:
        for i in nodes:
            for j in nodes:
                table[i][j] = min(table[i][j], table[i][via] + table[via][j])
    return table


def expected_hops(graphs: GraphBatch, encoding: ShortestPaths) -> torch.Tensor:
    table = distances(graphs, encoding.direction)
    return torch.tensor(
        [
            encoding.max_distance + 1
            if table[source][target] >= FAR
            else min(table[source][target], encoding.max_distance)
            for source, target in graphs.pairs.edge_index.T.tolist()
        ]
    )


@st.composite
def drawn_graphs(draw) -> GraphBatch:
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    edges, start = [], 0
    for size in sizes:
        node = st.integers(start, start + size - 1)
        edges += draw(st.lists(st.tuples(node, node), max_size=10))
        start += size
    edge_index = torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T
    ptr = torch.tensor([0, *sizes]).cumsum(0)
    return GraphBatch(x=torch.zeros(start, 1), edge_index=edge_index, ptr=ptr)


@settings(deadline=None)
@given(
    graphs=drawn_graphs(),
    direction=st.sampled_from(["given", "undirected"]),
    max_distance=st.integers(1, 6),
)
def test_distances_are_those_of_floyd_and_warshall(graphs, direction, max_distance):
    encoding = ShortestPaths(max_distance=max_distance, direction=direction)
    assert torch.equal(encoding.compute(graphs), expected_hops(graphs, encoding))


@settings(deadline=None)
@given(graphs=drawn_graphs(), direction=st.sampled_from(["given", "undirected"]))
def test_edges_lead_along_a_shortest_path(graphs, direction):
    longest = 6
    found = ShortestPathEdges(max_distance=longest, direction=direction).compute(graphs)
    table = distances(graphs, direction)
    first = graphs.edge_ptr[graphs.batch[graphs.pairs.target]].tolist()
    for (node, target), row, shift in zip(
        graphs.pairs.edge_index.T.tolist(), found.tolist(), first, strict=True
    ):
        length = table[node][target] if table[node][target] < FAR else 0
        assert [edge >= 0 for edge in row] == [place < length for place in range(longest)]
        for edge in row[:length]:
            ends = graphs.edge_index[:, shift + edge].tolist()
            if direction == "undirected" and ends[0] != node:
                ends.reverse()
            assert ends[0] == node
            node = ends[1]
        assert length == 0 or node == target


def test_of_equal_paths_the_edge_with_the_lowest_number_is_taken():
    edge_index = torch.tensor([[0, 0, 0, 1, 2], [2, 1, 1, 3, 3]])
    graph = GraphBatch(x=torch.zeros(4, 1), edge_index=edge_index, ptr=torch.tensor([0, 4]))
    found = ShortestPathEdges(max_distance=2).compute(graph)
    assert found[3 * 4 + 0].tolist() == [0, 4]
    assert found[1 * 4 + 0].tolist() == [1, -1]


def test_longer_paths_are_cut_off():
    path = torch.arange(5)
    edge_index = torch.stack([path[:-1], path[1:]])
    graph = GraphBatch(x=torch.zeros(5, 1), edge_index=edge_index, ptr=torch.tensor([0, 5]))
    hops, edges = (kind(max_distance=2) for kind in (ShortestPaths, ShortestPathEdges))
    assert hops.compute(graph)[4 * 5 :].tolist() == [2, 2, 2, 1, 0]
    assert hops.compute(graph)[:5].tolist() == [0, 3, 3, 3, 3]
    assert edges.compute(graph)[4 * 5 :].tolist() == [[0, 1], [1, 2], [2, 3], [3, -1], [-1, -1]]


@pytest.mark.parametrize("entries", [1, 8, 1 << 20])
@pytest.mark.parametrize("direction", ["given", "undirected"])
@pytest.mark.parametrize("kind", [ShortestPaths, ShortestPathEdges])
def test_any_pattern_gets_the_values_of_its_pairs(
    odd_graphs, kind, direction, entries, monkeypatch
):
    encoding = kind(max_distance=3, direction=direction)
    encoded = encode(odd_graphs, [encoding])
    monkeypatch.setattr(breadth_first, "ENTRIES_AT_A_TIME", entries)
    assert torch.equal(encoding.compute(odd_graphs), encoded.pair_encodings[encoding.name])
    generator = torch.Generator().manual_seed(0)
    some = torch.randint(odd_graphs.pairs.num_edges, (30,), generator=generator)
    nodes = odd_graphs.num_nodes
    pattern = SparsePattern.from_edge_index(
        odd_graphs.pairs.edge_index[:, some], num_targets=nodes, num_sources=nodes
    )
    assert torch.equal(
        encoding.compute(odd_graphs, pattern), pair_encoding(encoded, encoding, pattern)
    )


def test_near_pairs_of_a_large_graph_need_no_table_of_all_pairs():
    path = torch.arange(5000)
    edge_index = torch.stack([path[:-1], path[1:]])
    graph = GraphBatch(x=torch.zeros(5000, 1), edge_index=edge_index, ptr=torch.tensor([0, 5000]))
    encoding = ShortestPaths(max_distance=9)
    with pytest.raises(DataError, match="25,000,000 pairs"):
        encoding.compute(graph)
    near = graph.edges.k_hop(2)
    assert torch.equal(encoding.compute(graph, near), near.target - near.source)


def test_edges_are_numbered_inside_their_graph(odd_graphs):
    encoded = encode(odd_graphs, [ShortestPathEdges(max_distance=2)])
    name = "shortest_path_edges"
    alone = encoded.select([4])
    assert alone.pair_encodings[name].tolist() == [[-1, -1], [1, -1], [0, -1], [-1, -1]]


def test_patterns_between_graphs_or_over_other_nodes_are_refused(odd_graphs):
    encoding = ShortestPaths(max_distance=2)
    nodes = odd_graphs.num_nodes
    across = torch.tensor([[0], [7]])
    for size, message in ((nodes, "different graphs"), (nodes + 1, "22 nodes of the graphs")):
        pattern = SparsePattern.from_edge_index(across, num_targets=size, num_sources=size)
        with pytest.raises(ShapeError, match=message):
            encoding.compute(odd_graphs, pattern)


def test_graphormers_table_has_one_place_for_unreachable_pairs(odd_graphs):
    encoding = ShortestPaths(max_distance=3, direction="undirected")
    found = encoding.compute(odd_graphs)
    assert encoding.unreachable == found.max() == 4
    assert replace(encoding, max_distance=1).compute(odd_graphs).max() == 2


@pytest.mark.parametrize("kind", [ShortestPaths, ShortestPathEdges])
@pytest.mark.parametrize("change", [{"max_distance": 0}, {"direction": "both"}])
def test_settings_outside_their_range_are_refused(kind, change):
    with pytest.raises(ConfigError):
        kind(**{"max_distance": 2, **change})
