"""Heat kernels and electrostatic statistics, beside their equations in float64."""

import numpy as np
import pytest

from graphformers.encodings import ElectrostaticStatistics, HeatKernel
from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch

FLOAT32 = 1e-5
TIMES = (0.25, 1.0, 3.0, 20.0)


def adjacency(graph: GraphBatch) -> np.ndarray:
    counts = np.zeros((graph.num_nodes, graph.num_nodes))
    for source, target in graph.edge_index.T.tolist():
        counts[source, target] += source != target
    return np.maximum(counts, counts.T)


def heat(graph: GraphBatch) -> np.ndarray:
    matrix = adjacency(graph)
    values, vectors = np.linalg.eigh(np.diag(matrix.sum(0)) - matrix)
    found = np.zeros((len(matrix), len(TIMES)))
    for column, time in enumerate(TIMES):
        kernel = np.zeros_like(matrix)
        for value, vector in zip(values, vectors.T, strict=True):
            if value > 1e-8:
                kernel += np.exp(-time * value) * np.outer(vector, vector)
        found[:, column] = kernel.diagonal()
    return found


def electrostatics(graph: GraphBatch, official: bool) -> np.ndarray:
    matrix = adjacency(graph)
    size = len(matrix)
    degree = matrix.sum(1)
    inverse = np.linalg.pinv(np.diag(degree) - matrix)
    potential = np.empty_like(inverse)
    walk = np.zeros_like(inverse)
    for i in range(size):
        for j in range(size):
            potential[i, j] = inverse[i, j] - inverse[j, j]
            if degree[i] > 0:
                walk[i, j] = matrix[i, j] / degree[i] * potential[i, j]

    def deviation(numbers: np.ndarray) -> float:
        return float(np.std(numbers, ddof=1)) if size > 1 else 0.0

    rows = []
    for node in range(size):
        column, row = potential[:, node], potential[node]
        rows.append(
            [
                *(column.min(), column.max(), column.mean(), deviation(column)),
                *(row.min(), column.max() if official else row.max(), row.mean(), deviation(row)),
                *(walk[:, node].sum(), walk[node].sum()),
            ]
        )
    return np.array(rows)


def test_the_heat_kernel_is_its_equation(odd_graphs):
    found = HeatKernel(times=TIMES).compute(odd_graphs)["heat_kernel"]
    expected = [heat(odd_graphs.select([number])) for number in range(len(odd_graphs))]
    np.testing.assert_allclose(found.numpy(), np.concatenate(expected), rtol=0, atol=FLOAT32)


@pytest.mark.parametrize("official", [False, True])
def test_electrostatic_statistics_are_their_equations(odd_graphs, official):
    """Those of the paper, and those of the authors' code, where the sixth repeats the second."""
    found = ElectrostaticStatistics().compute(odd_graphs)["electrostatic"]
    expected = [
        electrostatics(odd_graphs.select([number]), official) for number in range(len(odd_graphs))
    ]
    np.testing.assert_allclose(found.numpy(), np.concatenate(expected), rtol=0, atol=FLOAT32)


def test_nodes_without_edges_stay_cold(odd_graphs):
    alone = odd_graphs.select([1, 2])
    assert HeatKernel(times=TIMES).compute(alone)["heat_kernel"].abs().max() == 0
    assert ElectrostaticStatistics().compute(alone)["electrostatic"].abs().max() == 0


@pytest.mark.parametrize("times", [(), (1.0, -0.5)])
def test_times_outside_their_range_are_refused(times):
    with pytest.raises(ConfigError, match="times must be"):
        HeatKernel(times=times)
