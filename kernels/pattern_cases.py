"""Labelled sparsity patterns, shared by the tests and the benchmarks of every operation."""

from collections.abc import Callable

import torch

from graphformers.kernels.pattern import SparsePattern


def _pattern(source: list[int], target: list[int], targets: int, sources: int) -> SparsePattern:
    edge_index = torch.tensor([source, target], dtype=torch.int64)
    return SparsePattern.from_edge_index(edge_index, num_targets=targets, num_sources=sources)


def random_pattern(targets: int, sources: int, edges: int, seed: int = 0) -> SparsePattern:
    """Edges between nodes drawn uniformly: the worst order for a cache."""
    generator = torch.Generator().manual_seed(seed)
    source = torch.randint(sources, (edges,), generator=generator)
    target = torch.randint(targets, (edges,), generator=generator)
    return SparsePattern.from_edge_index(
        torch.stack([source, target]), num_targets=targets, num_sources=sources
    )


def mesh_pattern(nodes: int, degree: int, reach: int = 100, seed: int = 0) -> SparsePattern:
    """Edges between nodes with near numbers, as in a mesh that a generator has numbered well."""
    generator = torch.Generator().manual_seed(seed)
    target = torch.arange(nodes).repeat_interleave(degree)
    offset = torch.randint(-reach, reach + 1, (nodes * degree,), generator=generator)
    source = (target + offset).remainder(nodes)
    return SparsePattern.from_edge_index(
        torch.stack([source, target]), num_targets=nodes, num_sources=nodes
    )


PATTERN_CASES: dict[str, Callable[[], SparsePattern]] = {
    "no nodes": lambda: _pattern([], [], 0, 0),
    "no edges": lambda: _pattern([], [], 3, 2),
    "one self loop": lambda: _pattern([0], [0], 1, 1),
    "isolated nodes": lambda: _pattern([4, 1, 4], [2, 2, 0], 6, 6),
    "duplicate edges": lambda: _pattern([1, 0, 1, 1, 2], [0, 1, 0, 0, 1], 3, 3),
    "odd bipartite": lambda: random_pattern(7, 5, 23),
    "one long row": lambda: _pattern(list(range(257)), [1] * 257, 3, 257),
    "pairs in molecules": lambda: SparsePattern.complete(torch.tensor([0, 1, 1, 6, 15])),
    "several chunks": lambda: random_pattern(211, 97, 9001),
}
