"""Graphs that every encoding must cope with."""

import pytest
import torch

from graphformers.graph_batch import GraphBatch

SIZES = (5, 1, 3, 7, 2, 4)


@pytest.fixture
def odd_graphs() -> GraphBatch:
    """Directed; a single node; without edges; in two parts with repeated edges; a path; a cycle."""
    directed = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4)]
    parts = [(0, 1), (1, 0), (1, 0), (1, 2), (2, 1), (2, 2), (4, 5), (5, 4), (5, 6), (6, 5)]
    path = [(0, 1), (1, 0)]
    cycle = [(i, (i + step) % 4) for i in range(4) for step in (1, 3)]
    ptr = torch.tensor([0, *SIZES]).cumsum(0)
    edges = [
        (source + start, target + start)
        for start, graph in zip(ptr.tolist(), (directed, [], [], parts, path, cycle), strict=False)
        for source, target in graph
    ]
    return GraphBatch(x=torch.zeros(sum(SIZES), 1), edge_index=torch.tensor(edges).T, ptr=ptr)
