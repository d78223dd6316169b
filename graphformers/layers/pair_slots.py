"""Where the edges of a graph stand among the pairs of a pattern."""

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels import SparsePattern


def pair_slots(pattern: SparsePattern, edge_index: Int[Tensor, "2 edges"]) -> Int[Tensor, " edges"]:
    """Number of the pair, in the pattern's edge order, that has the ends of each edge.

    Parallel edges get the same number. Raises ``ShapeError`` when the pattern lacks a pair, except
    in compiled code, which does not look.
    """
    source, target = edge_index
    keys = pattern.target * pattern.num_sources + pattern.source  # ascending: rows are sorted
    wanted = target * pattern.num_sources + source
    place = torch.searchsorted(keys, wanted)
    if not torch.compiler.is_compiling():
        _check(keys, wanted, place, edge_index)
    return pattern.edge[place]


def _check(keys: Tensor, wanted: Tensor, place: Tensor, edge_index: Tensor) -> None:
    found = torch.zeros_like(wanted, dtype=torch.bool)
    inside = place < keys.shape[0]
    found[inside] = keys[place[inside]] == wanted[inside]
    if not found.all():
        first = int((~found).nonzero()[0, 0])
        source, target = edge_index[:, first].tolist()
        raise ShapeError(f"the pattern has no pair {source} -> {target}, which edge {first} joins")
