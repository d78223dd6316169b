import json
import pickle
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from graphformers.errors import DataError, ShapeError
from graphformers.kernels import CSRGraph
from graphformers.kernels.sampling.neighbors.cases import random_graph

TENSORS = ("indptr", "indices", "edge", "weights", "edge_time")


def full_graph() -> CSRGraph:
    graph = random_graph(20, 90)
    return CSRGraph(
        indptr=graph.indptr,
        indices=graph.indices,
        edge=graph.edge,
        weights=torch.arange(90).sqrt(),
        edge_time=torch.arange(90),
    )


def assert_same(graph: CSRGraph, expected: CSRGraph) -> None:
    for name in TENSORS:
        one, other = getattr(graph, name), getattr(expected, name)
        assert (one is None) == (other is None), name
        assert one is None or torch.equal(one, other), name
    assert graph.direction == expected.direction
    assert graph.neighbor_bound == expected.neighbor_bound


def edges_of(graph: CSRGraph) -> list[tuple[int, int, int]]:
    """Edge number, source and target of every entry."""
    rows = torch.arange(graph.num_nodes).repeat_interleave(graph.indptr.diff())
    ends = (graph.indices, rows) if graph.direction == "in" else (rows, graph.indices)
    numbers = torch.arange(graph.num_edges) if graph.edge is None else graph.edge
    return sorted(zip(numbers.tolist(), *(one.tolist() for one in ends), strict=True))


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=30),
    st.sampled_from(["in", "out"]),
)
def test_rows_hold_every_edge_and_know_its_number(edges, direction):
    edge_index = torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T
    rows, others = (7, 5) if direction == "in" else (5, 7)
    graph = CSRGraph.from_edge_index(edge_index, rows, num_neighbors=others, direction=direction)
    expected = [(number, *ends) for number, ends in enumerate(edges)]
    assert edges_of(graph) == expected
    assert edges_of(graph.transposed()) == expected
    assert graph.transposed().direction != direction
    assert_same(graph.transposed().transposed().transposed(), graph.transposed())


def test_transposing_takes_weights_and_times_along():
    graph = full_graph()
    transposed = graph.transposed()
    for name in ("weights", "edge_time"):
        by_number = torch.empty_like(getattr(graph, name))
        by_number[graph.edge] = getattr(graph, name)
        assert torch.equal(getattr(transposed, name), by_number[transposed.edge])


@pytest.mark.parametrize(
    "graph", [full_graph(), random_graph(3, 0), random_graph(9, 40).transposed()]
)
def test_a_saved_graph_is_opened_as_it_was(graph, tmp_path):
    graph.save(tmp_path / "graph")
    assert_same(CSRGraph.open(tmp_path / "graph"), graph)
    assert [path.name for path in tmp_path.iterdir()] == ["graph"]


def test_an_opened_graph_is_pickled_as_its_folder(tmp_path):
    graph = random_graph(100, 50_000)
    graph.save(tmp_path / "graph")
    pickled = pickle.dumps(CSRGraph.open(tmp_path / "graph"))
    assert len(pickled) < 1000
    assert_same(pickle.loads(pickled), graph)


def test_an_opened_graph_with_something_changed_is_pickled_whole(tmp_path):
    random_graph(20, 90).save(tmp_path / "graph")
    weighted = replace(CSRGraph.open(tmp_path / "graph"), weights=torch.ones(90))
    assert_same(pickle.loads(pickle.dumps(weighted)), weighted)


def test_a_graph_in_memory_is_pickled_whole():
    assert_same(pickle.loads(pickle.dumps(full_graph())), full_graph())


def test_a_folder_that_is_there_is_refused_and_kept(tmp_path):
    random_graph(5, 9).save(tmp_path / "graph")
    with pytest.raises(DataError, match="graph exists; remove it"):
        random_graph(6, 9).save(tmp_path / "graph")
    assert CSRGraph.open(tmp_path / "graph").num_nodes == 5


def test_a_failed_save_leaves_nothing_behind(tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError("no space left")

    monkeypatch.setattr("graphformers.kernels.sampling.graph.write_json", full_disk)
    with pytest.raises(OSError, match="no space"):
        random_graph(5, 9).save(tmp_path / "graph")
    assert not list(tmp_path.iterdir())


def test_folders_that_hold_no_graph_are_refused(tmp_path):
    with pytest.raises(DataError, match="does not hold a graph"):
        CSRGraph.open(tmp_path)
    random_graph(5, 9).save(tmp_path / "graph")
    description = json.loads((tmp_path / "graph" / "graph.json").read_text())
    (tmp_path / "graph" / "graph.json").write_text(json.dumps({**description, "format_version": 9}))
    with pytest.raises(DataError, match="has format 9; this version reads 1"):
        CSRGraph.open(tmp_path / "graph")


def test_a_truncated_array_is_refused(tmp_path):
    random_graph(5, 900).save(tmp_path / "graph")
    path = tmp_path / "graph" / "indices.npy"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="does not hold a graph"):
        CSRGraph.open(tmp_path / "graph")


def test_an_array_with_objects_is_refused(tmp_path):
    random_graph(5, 9).save(tmp_path / "graph")
    np.save(tmp_path / "graph" / "indices.npy", np.array([{}], dtype=object))
    with pytest.raises(DataError, match="does not hold a graph"):
        CSRGraph.open(tmp_path / "graph")


def bad_graphs():
    good = {"indptr": torch.tensor([0, 1, 2]), "indices": torch.tensor([1, 0])}
    yield {**good, "direction": "sideways"}, "direction must be 'in' or 'out'; got 'sideways'"
    yield {**good, "edge": torch.tensor([0])}, "edge must have 2 entries; got 1"
    yield {**good, "weights": torch.tensor([1, 1])}, "weights must be one axis of float32"
    yield {**good, "edge_time": torch.zeros(2)}, "edge_time must be one axis of int64"
    yield {**good, "indptr": torch.zeros(2, 2).long()}, "indptr must be one axis of int64"


@pytest.mark.parametrize(("tensors", "message"), bad_graphs())
def test_tensors_that_do_not_fit_are_refused(tensors, message):
    with pytest.raises(ShapeError, match=message):
        CSRGraph(**tensors)


def test_a_transposed_edge_list_is_refused():
    with pytest.raises(ShapeError, match=r"edge_index must be \(2, edges\); got \(3, 2\)"):
        CSRGraph.from_edge_index(torch.zeros(3, 2).long(), 2)
