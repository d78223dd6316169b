"""Laplacian eigenvectors: in-degrees, the trivial vector, and large graphs."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from graphformers.encodings import LaplacianEigenvectors, dense_graphs, sparse_eigenpairs
from graphformers.encodings import laplacian as laplacian_module
from graphformers.errors import ConfigError, DataError
from graphformers.graph_batch import GraphBatch

FLOAT32 = 2e-5
FLOAT64 = 1e-6  # decomposed in float64, kept in float32
NORMALIZATIONS = ["none", "sym", "rw", "in_degree"]


def graph_of(edges: list[tuple[int, int]], nodes: int, *, both: bool = True) -> GraphBatch:
    edge_index = torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T
    if both:
        edge_index = torch.cat([edge_index, edge_index.flip(0)], dim=1)
    return GraphBatch(x=torch.zeros(nodes, 1), edge_index=edge_index, ptr=torch.tensor([0, nodes]))


def grid(rows: int, columns: int) -> GraphBatch:
    nodes = torch.arange(rows * columns).reshape(rows, columns)
    across = zip(nodes[:, :-1].flatten().tolist(), nodes[:, 1:].flatten().tolist(), strict=True)
    down = zip(nodes[:-1].flatten().tolist(), nodes[1:].flatten().tolist(), strict=True)
    return graph_of([*across, *down], rows * columns)


def star(nodes: int) -> GraphBatch:
    return graph_of([(0, leaf) for leaf in range(1, nodes)], nodes)


def hypercube(dim: int) -> GraphBatch:
    edges = [(i, i ^ (1 << bit)) for i in range(1 << dim) for bit in range(dim)]
    return graph_of([(i, j) for i, j in edges if i < j], 1 << dim)


def in_parts() -> GraphBatch:
    """Two equal grids, a path, three nodes without edges and a doubled edge; a self-loop."""
    parts = [grid(7, 8), grid(7, 8), grid(1, 20), graph_of([], 3), graph_of([(0, 1)] * 2, 2)]
    whole = GraphBatch.concatenate(parts)
    shuffled = torch.randperm(whole.num_nodes, generator=torch.Generator().manual_seed(1))
    edge_index = torch.cat([shuffled[whole.edge_index], torch.tensor([[3], [3]])], dim=1)
    return GraphBatch(x=whole.x, edge_index=edge_index, ptr=torch.tensor([0, whole.num_nodes]))


LARGE = {
    "grid": grid(9, 11),
    "square": grid(10, 10),  # repeated eigenvalues
    "star": star(90),  # one eigenvalue 88 times
    "hypercube": hypercube(7),
    "parts": in_parts(),
}


def matrix(graph: GraphBatch, normalization: str) -> torch.Tensor:
    """The definition, in float64."""
    counts = torch.zeros(graph.num_nodes, graph.num_nodes, dtype=torch.float64)
    for source, target in graph.edge_index.T.tolist():
        counts[target, source] += 1
    if normalization != "in_degree":
        counts = counts.fill_diagonal_(0)
        counts = torch.maximum(counts, counts.T)
    degree = counts.sum(1)
    if normalization == "none":
        return degree.diag() - counts
    if normalization == "in_degree":
        degree = degree.clamp(min=1)
    inverse = torch.where(degree > 0, 1 / degree, 0.0)
    identity = torch.eye(len(counts), dtype=torch.float64)
    if normalization == "rw":
        return identity - inverse[:, None] * counts
    return identity - inverse.sqrt()[:, None] * counts * inverse.sqrt()


def eigenpairs(graph: GraphBatch, wanted: LaplacianEigenvectors) -> tuple:
    found = wanted.compute(graph)
    return found["eigenvalues"][0].double(), found["eigenvectors"].double()


def projector(vectors: torch.Tensor) -> torch.Tensor:
    basis, _ = torch.linalg.qr(vectors)
    return basis @ basis.T


@pytest.fixture
def never_dense(monkeypatch):
    def refuse(*_arguments):
        raise AssertionError("solved with a dense matrix")

    monkeypatch.setattr(LaplacianEigenvectors, "_of_dense_graph", refuse)


@pytest.mark.usefixtures("never_dense")
@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_sparse_and_dense_solvers_find_the_same_eigenspaces(name, normalization):
    graph = LARGE[name]
    sparse = LaplacianEigenvectors(count=12, normalization=normalization, dense_nodes=29)
    dense = replace(sparse, dense_nodes=1000, double=True)
    values, vectors = eigenpairs(graph, sparse)
    expected, expected_vectors = eigenpairs(graph, dense)
    torch.testing.assert_close(values, expected, rtol=0, atol=FLOAT32)
    residual = matrix(graph, normalization) @ vectors - vectors * values
    assert residual.abs().max() < FLOAT32
    scale = matrix(graph, normalization).diagonal().max()
    whole = torch.linalg.eigvals(matrix(graph, normalization)).real.sort().values
    for count in range(1, 12):  # wherever a gap closes a set of eigenvectors
        if whole[count] - whole[count - 1] > 1e-3 * scale:
            spaces = [projector(one[:, :count]) for one in (vectors, expected_vectors)]
            torch.testing.assert_close(*spaces, rtol=0, atol=1e-3)
    torch.testing.assert_close(vectors.norm(dim=0), torch.ones(12).double(), rtol=0, atol=FLOAT32)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_eigenvectors_of_every_definition_solve_its_problem(odd_graphs, normalization):
    for number in range(len(odd_graphs)):
        graph = odd_graphs.select([number])
        wanted = LaplacianEigenvectors(count=3, normalization=normalization, double=True)
        values, vectors = eigenpairs(graph, wanted)
        kept = min(3, graph.num_nodes)
        all_values = np.linalg.eigvals(matrix(graph, normalization).numpy())
        order = np.argsort(all_values.real, kind="stable")[:kept]
        smallest = torch.from_numpy(all_values.real[order])
        torch.testing.assert_close(values[:kept], smallest, rtol=0, atol=FLOAT64)
        if np.abs(all_values.imag).max() < 1e-9:
            residual = matrix(graph, normalization) @ vectors - vectors * values
            assert residual[:, :kept].abs().max() < FLOAT64
        assert vectors[:, kept:].isnan().all()
        assert values[kept:].isnan().all()


def test_directed_in_degrees_give_the_real_parts():
    """A directed cycle with a chord: complex eigenvalues."""
    graph = graph_of([(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)], 4, both=False)
    values, vectors = eigenpairs(
        graph, LaplacianEigenvectors(count=4, normalization="in_degree", double=True)
    )
    whole = torch.linalg.eigvals(matrix(graph, "in_degree"))
    assert whole.imag.abs().max() > 0.1
    torch.testing.assert_close(values, whole.real.sort().values, rtol=0, atol=FLOAT64)
    torch.testing.assert_close(vectors.norm(dim=0), torch.ones(4).double(), rtol=0, atol=FLOAT64)


@pytest.mark.parametrize("dense_nodes", [2, 500])
@pytest.mark.parametrize("nodes", [1, 3, 4, 40])
def test_the_first_eigenvector_can_be_left_out(nodes, dense_nodes):
    graph = grid(1, nodes)
    every = LaplacianEigenvectors(count=4, double=True, dense_nodes=dense_nodes)
    rest = replace(every, count=3, drop_first=True)
    for name, values in every.compute(graph).items():
        assert torch.equal(rest.compute(graph)[name].nan_to_num(), values[:, 1:].nan_to_num())
        assert torch.equal(rest.compute(graph)[name].isnan(), values[:, 1:].isnan())


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("dense_nodes", [2, 500])
def test_without_edges_every_node_is_a_component(normalization, dense_nodes):
    wanted = LaplacianEigenvectors(count=3, normalization=normalization, dense_nodes=dense_nodes)
    values, vectors = eigenpairs(graph_of([], 7), wanted)
    torch.testing.assert_close(values, torch.full((3,), float(normalization != "none")).double())
    torch.testing.assert_close(vectors.T @ vectors, torch.eye(3).double())


@pytest.mark.parametrize("dense_nodes", [1, 500])
def test_a_graph_with_fewer_nodes_than_columns_lacks_some(dense_nodes):
    wanted = LaplacianEigenvectors(count=6, dense_nodes=dense_nodes)
    for graph in (grid(1, 4), graph_of([(0, 1)], 4)):
        values, vectors = eigenpairs(graph, wanted)
        assert values.isnan().tolist() == [False] * 4 + [True] * 2
        assert vectors.isnan().all(0).tolist() == [False] * 4 + [True] * 2
        assert not vectors[:, :4].isnan().any()


def test_the_sparse_solver_gives_the_same_bits_every_time():
    wanted = LaplacianEigenvectors(count=6, dense_nodes=20)
    first, second = (wanted.compute(LARGE["square"]) for _ in range(2))
    assert torch.equal(first["eigenvectors"], second["eigenvectors"])


def test_missed_copies_of_an_eigenvalue_are_noticed():
    adjacency = LaplacianEigenvectors(count=1)._sparse_adjacency(LARGE["square"])
    laplacian = sparse_eigenpairs._laplacian(adjacency, "none")
    values = np.linalg.eigvalsh(laplacian.toarray())
    assert sparse_eigenpairs._is_complete(laplacian, values[:6])
    assert values[1] == pytest.approx(values[2])
    missed = np.delete(values, 1)
    assert not sparse_eigenpairs._is_complete(laplacian, missed[:6])


@pytest.mark.usefixtures("never_dense")
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_graphs_without_slim_factors_are_solved_without_any(normalization, monkeypatch):
    monkeypatch.setattr(sparse_eigenpairs, "WIDE", 0)
    monkeypatch.setattr(sparse_eigenpairs, "_factored", None)
    generator = torch.Generator().manual_seed(3)
    chords = torch.randint(200, (600, 2), generator=generator).tolist()
    graph = graph_of([*map(tuple, chords), *((node, node + 1) for node in range(199))], 200)
    wanted = LaplacianEigenvectors(count=6, normalization=normalization, dense_nodes=29)
    values, vectors = eigenpairs(graph, wanted)
    expected, _ = eigenpairs(graph, replace(wanted, dense_nodes=1000, double=True))
    torch.testing.assert_close(values, expected, rtol=0, atol=FLOAT32)
    residual = matrix(graph, normalization) @ vectors - vectors * values
    assert residual.abs().max() < FLOAT32


def test_copies_missed_without_factors_are_noticed(monkeypatch):
    """The second eigenvector is left out, and a later one there instead."""
    eigsh = sparse_eigenpairs.eigsh
    dropped = []

    def missing_one(matrix, count, **options):
        if count == 1:
            return eigsh(matrix, count, **options)
        values, vectors = sparse_eigenpairs._ascending(*eigsh(matrix, count + 1, **options))
        dropped.append(values[1])
        return np.delete(values, 1), np.delete(vectors, 1, axis=1)

    adjacency = LaplacianEigenvectors(count=1)._sparse_adjacency(LARGE["square"])
    laplacian = sparse_eigenpairs._laplacian(adjacency, "none")
    assert sparse_eigenpairs._unfactored(laplacian, 3) is not None
    monkeypatch.setattr(sparse_eigenpairs, "eigsh", missing_one)
    assert sparse_eigenpairs._unfactored(laplacian, 3) is None
    assert dropped


def test_factors_that_memory_might_not_hold_are_not_tried(monkeypatch):
    monkeypatch.setattr(sparse_eigenpairs, "WIDE", 0)
    monkeypatch.setattr(sparse_eigenpairs, "TOO_WIDE", 0)
    monkeypatch.setattr(sparse_eigenpairs, "_factored", None)
    monkeypatch.setattr(sparse_eigenpairs, "_unfactored", lambda *_: None)
    adjacency = LaplacianEigenvectors(count=1)._sparse_adjacency(LARGE["square"])
    assert sparse_eigenpairs.sparse_eigenpairs(adjacency, 3, "none") is None


@pytest.mark.parametrize("failing", [None, "too many columns"])
def test_what_the_sparse_solver_cannot_do_is_done_densely(failing, monkeypatch):
    count = 40 if failing else 5
    if not failing:
        monkeypatch.setattr(laplacian_module, "sparse_eigenpairs", lambda *_: None)
    wanted = LaplacianEigenvectors(count=count, dense_nodes=20)
    values, vectors = eigenpairs(LARGE["grid"], wanted)
    residual = matrix(LARGE["grid"], "none") @ vectors - vectors * values
    assert residual.abs().max() < FLOAT32


def test_directed_large_graphs_are_done_densely():
    graph = graph_of([(node, (node + 1) % 30) for node in range(30)], 30, both=False)
    wanted = LaplacianEigenvectors(count=4, normalization="in_degree", dense_nodes=10, double=True)
    assert torch.equal(
        wanted.compute(graph)["eigenvalues"],
        replace(wanted, dense_nodes=100).compute(graph)["eigenvalues"],
    )


def test_a_dense_matrix_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(dense_graphs, "MOST_NODES", 50)
    with pytest.raises(DataError, match=r"99 nodes, whose matrix would have 9,801 entries"):
        LaplacianEigenvectors(count=90, dense_nodes=20).compute(LARGE["grid"])


def test_small_and_large_graphs_may_be_mixed():
    wanted = LaplacianEigenvectors(count=3, dense_nodes=40, double=True)
    graphs = GraphBatch.concatenate([grid(3, 4), LARGE["grid"], star(5)])
    together = wanted.compute(graphs)
    for number in range(3):
        alone = wanted.compute(graphs.select([number]))
        rows = slice(int(graphs.ptr[number]), int(graphs.ptr[number + 1]))
        for name, values in alone.items():
            assert torch.equal(together[name][rows], values)


def test_how_to_compute_is_not_compared():
    plain = LaplacianEigenvectors(count=3)
    assert plain == LaplacianEigenvectors(count=3, double=True, dense_nodes=9)
    assert plain != LaplacianEigenvectors(count=3, drop_first=True)


@pytest.mark.parametrize("change", [{"dense_nodes": 0}, {"normalization": "in"}, {"count": 0}])
def test_settings_outside_their_range_are_refused(change):
    with pytest.raises(ConfigError):
        LaplacianEigenvectors(**{"count": 2, **change})
