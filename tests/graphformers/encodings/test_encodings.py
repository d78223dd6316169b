"""Encodings of a whole data set: definitions, small and odd graphs, bounded memory."""

from dataclasses import replace

import pytest
import torch

from graphformers.encodings import LaplacianEigenvectors, RandomWalk, dense_graphs, encode
from graphformers.encodings import stretches as stretches_module
from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch

FLOAT32 = 2e-5
FLOAT64 = 1e-6  # decomposed in float64, kept in float32
SIZES = (4, 1, 7, 2, 7, 3)


@pytest.fixture
def graphs() -> GraphBatch:
    """Directed graphs with repeated edges and self-loops."""
    generator = torch.Generator().manual_seed(0)
    edges, start = [], 0
    for size in SIZES:
        edges.append(start + torch.randint(size, (2, 2 * size), generator=generator))
        start += size
    ptr = torch.tensor([0, *SIZES]).cumsum(0)
    return GraphBatch(x=torch.zeros(start, 1), edge_index=torch.cat(edges, dim=1), ptr=ptr)


def adjacency(graph: GraphBatch) -> torch.Tensor:
    counts = torch.zeros(graph.num_nodes, graph.num_nodes, dtype=torch.float64)
    for source, target in graph.edge_index.T.tolist():
        counts[source, target] += 1
    return counts


def laplacian(graph: GraphBatch, normalization: str) -> torch.Tensor:
    counts = adjacency(graph).fill_diagonal_(0)
    counts = torch.maximum(counts, counts.T)
    degree = counts.sum(1)
    if normalization == "none":
        return degree.diag() - counts
    inverse = torch.where(degree > 0, 1 / degree, 0.0)
    if normalization == "rw":
        return torch.eye(len(counts)) - inverse[:, None] * counts
    return torch.eye(len(counts)) - inverse.sqrt()[:, None] * counts * inverse.sqrt()


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("normalization", ["none", "sym", "rw"])
def test_eigenvectors_solve_the_eigenvalue_problem(graphs, normalization, double):
    count = 5
    wanted = LaplacianEigenvectors(count=count, normalization=normalization, double=double)
    encoded = encode(graphs, [wanted])
    for number, size in enumerate(SIZES):
        graph = encoded.select([number])
        vectors, values = (graph.encodings[name] for name in wanted.names)
        kept = min(count, size)
        matrix = laplacian(graph, normalization)
        vector, value = vectors[:, :kept].double(), values[0, :kept].double()
        tolerance = FLOAT64 if double else FLOAT32
        residual = matrix @ vector - vector * value
        assert residual.abs().max() < tolerance * max(1, matrix.abs().max())
        torch.testing.assert_close(
            vector.norm(dim=0), torch.ones(kept).double(), atol=tolerance, rtol=0
        )
        smallest = torch.linalg.eigvals(matrix).real.sort().values[:kept]
        torch.testing.assert_close(value, smallest, atol=10 * tolerance, rtol=0)
        assert (values[:, :kept] == values[0, :kept]).all()
        assert values[:, :kept].min() >= 0
        assert vectors[:, kept:].isnan().all()
        assert values[:, kept:].isnan().all()


def test_the_trivial_eigenvector_is_kept():
    path = GraphBatch(
        x=torch.zeros(3, 1),
        edge_index=torch.tensor([[0, 1], [1, 2]]),  # one direction stands for both
        ptr=torch.tensor([0, 3]),
    )
    encoded = encode(path, [LaplacianEigenvectors(count=3)]).encodings
    torch.testing.assert_close(
        encoded["eigenvalues"][0], torch.tensor([0.0, 1.0, 3.0]), atol=FLOAT32, rtol=0
    )
    torch.testing.assert_close(
        encoded["eigenvectors"][:, 0].abs(), torch.full((3,), 3**-0.5), atol=FLOAT32, rtol=0
    )


def test_random_walks_return_with_the_probabilities_of_matrix_powers(graphs):
    steps = 6
    encoded = encode(graphs, [RandomWalk(steps=steps)])
    for number in range(len(SIZES)):
        graph = encoded.select([number])
        counts = adjacency(graph)
        transition = counts / counts.sum(1, keepdim=True).clamp(min=1)
        powers = [torch.linalg.matrix_power(transition, k).diagonal() for k in range(1, steps + 1)]
        torch.testing.assert_close(
            graph.encodings["rwse"].double(), torch.stack(powers, dim=1), atol=FLOAT32, rtol=0
        )


def test_graphs_without_edges_get_zeros_of_a_float_type(graphs):
    bare = replace(graphs, edge_index=graphs.edge_index[:, :0])
    encoded = encode(bare, [RandomWalk(steps=3), LaplacianEigenvectors(count=2)]).encodings
    assert torch.equal(encoded["rwse"], torch.zeros(sum(SIZES), 3))
    assert encoded["eigenvalues"].nan_to_num().abs().max() == 0


def test_an_empty_data_set_gets_empty_encodings():
    nothing = GraphBatch(
        x=torch.zeros(0, 1),
        edge_index=torch.zeros(2, 0, dtype=torch.int64),
        ptr=torch.zeros(1, dtype=torch.int64),
    )
    encoded = encode(nothing, [RandomWalk(steps=3), LaplacianEigenvectors(count=2)]).encodings
    assert {name: tuple(value.shape) for name, value in encoded.items()} == {
        "rwse": (0, 3),
        "eigenvectors": (0, 2),
        "eigenvalues": (0, 2),
    }


def test_working_in_small_stretches_changes_nothing(graphs, monkeypatch):
    wanted = [RandomWalk(steps=4), LaplacianEigenvectors(count=3, double=True)]
    whole = encode(graphs, wanted).encodings
    monkeypatch.setattr(stretches_module, "NODES_AT_A_TIME", 5)
    monkeypatch.setattr(dense_graphs, "ENTRIES_AT_A_TIME", 1)
    done = []
    pieces = encode(graphs, wanted, progress=lambda *state: done.append(state)).encodings
    for name in whole:
        torch.testing.assert_close(
            pieces[name].abs(), whole[name].abs(), atol=FLOAT64, rtol=0, equal_nan=True
        )
    assert done == [(2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]


def test_encodings_already_there_are_kept(graphs):
    once = encode(graphs, [RandomWalk(steps=2)])
    twice = encode(once, [LaplacianEigenvectors(count=2)])
    assert twice.encodings["rwse"] is once.encodings["rwse"]
    assert set(twice.encodings) == {"rwse", "eigenvectors", "eigenvalues"}


@pytest.mark.parametrize(
    "build",
    [
        lambda: RandomWalk(steps=0),
        lambda: LaplacianEigenvectors(count=0),
        lambda: LaplacianEigenvectors(count=2, normalization="symmetric"),
    ],
)
def test_settings_outside_their_range_are_refused(build):
    with pytest.raises(ConfigError):
        build()
