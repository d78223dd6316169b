"""Labelled graphs whose neighbourhoods are telling."""

from collections.abc import Callable

import torch
from torch import Tensor

from graphformers.kernels.sampling.graph import CSRGraph


def csr_graph(edges: list[tuple[int, int]], num_nodes: int) -> CSRGraph:
    """A graph from (source, target) pairs."""
    edge_index = torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T
    return CSRGraph.from_edge_index(edge_index, num_nodes)


def random_graph(num_nodes: int, num_edges: int, seed: int = 0) -> CSRGraph:
    """Ends drawn with equal chances: self loops and repeated edges turn up."""
    generator = torch.Generator().manual_seed(seed)
    edge_index = torch.randint(num_nodes, (2, num_edges), generator=generator)
    return CSRGraph.from_edge_index(edge_index, num_nodes)


def star_graph(leaves: int) -> CSRGraph:
    """Node 0 hears from every other node, and nobody else hears anything."""
    edge_index = torch.stack([torch.arange(1, leaves + 1), torch.zeros(leaves, dtype=torch.int64)])
    return CSRGraph.from_edge_index(edge_index, leaves + 1)


def random_weights(graph: CSRGraph, seed: int = 0) -> Tensor:
    """Weights in [0, 1), about a third of them zero."""
    generator = torch.Generator().manual_seed(seed)
    weights = torch.rand(graph.num_edges, generator=generator, dtype=torch.float64)
    return (weights * 1.5 - 0.5).clamp(min=0)


def downhill_graph(num_nodes: int, num_edges: int) -> CSRGraph:
    """Rows list where edges lead, which is never to a smaller number."""
    generator = torch.Generator().manual_seed(0)
    ends = torch.randint(num_nodes, (2, num_edges), generator=generator).sort(0).values
    return CSRGraph.from_edge_index(ends, num_nodes, direction="out")


def short_indices_graph() -> CSRGraph:
    """Neighbours in 32 bits."""
    indices = torch.tensor([1, 2, 0], dtype=torch.int32)
    return CSRGraph(indptr=torch.tensor([0, 2, 3, 3]), indices=indices)


def equal_rows_graph(num_rows: int, row: list[int]) -> CSRGraph:
    """Every node has the same neighbours: many independent draws at once."""
    indices = torch.tensor(row).repeat(num_rows)
    return CSRGraph(indptr=torch.arange(num_rows + 1) * len(row), indices=indices)


GRAPH_CASES: dict[str, Callable[[], CSRGraph]] = {
    "no edges": lambda: csr_graph([], 3),
    "self loops": lambda: csr_graph([(0, 0), (1, 1), (1, 0)], 3),
    "double edges": lambda: csr_graph([(1, 0), (1, 0), (2, 0), (0, 1), (0, 1)], 3),
    "ring": lambda: csr_graph([(i, (i + 1) % 7) for i in range(7)], 7),
    "dense": lambda: random_graph(8, 300),
    "sparse": lambda: random_graph(60, 200),
    "star": lambda: star_graph(200),
    "rows of outgoing edges": lambda: downhill_graph(9, 60),
    "short indices": short_indices_graph,
}
