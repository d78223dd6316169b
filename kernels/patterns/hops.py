"""Everything within a number of steps along the edges."""

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.kernels.patterns.rows import Rows, group_by_target, without_duplicates


def k_hop_rows(
    row_ptr: Int[Tensor, " nodes_plus_1"],
    source: Int[Tensor, " edges"],
    hops: int,
    include_self: bool,
) -> Rows:
    """Nodes at most ``hops`` steps before every node; the node itself only if it is included.

    Every hop steps back once from the pairs that the last one has found, so that a pair is
    followed once: the cost is that of the pairs times their degree.
    """
    nodes = row_ptr.shape[0] - 1
    own = torch.arange(nodes, device=row_ptr.device)
    pairs = newest = torch.stack([own, own])  # source, target
    rows = Rows(torch.arange(nodes + 1, device=row_ptr.device), own, own)
    for _ in range(hops):
        found = torch.cat([pairs, _one_step_back(newest, row_ptr, source)], dim=1)
        rows = without_duplicates(group_by_target(found[0], found[1], nodes, nodes))
        newer = rows.edge >= pairs.shape[1]
        pairs = torch.stack([rows.source, rows.target])
        newest = pairs[:, newer]
    if include_self:
        return rows
    others = pairs[:, pairs[0] != pairs[1]]
    return group_by_target(others[0], others[1], nodes, nodes)


def _one_step_back(
    pairs: Int[Tensor, "2 pairs"],
    row_ptr: Int[Tensor, " nodes_plus_1"],
    source: Int[Tensor, " edges"],
) -> Int[Tensor, "2 longer_pairs"]:
    """Prolong every pair by every edge into its source."""
    degree = row_ptr.diff()[pairs[0]]
    first = torch.nn.functional.pad(degree.cumsum(0), (1, 0))
    shift = (row_ptr[:-1][pairs[0]] - first[:-1]).repeat_interleave(degree)
    slot = torch.arange(shift.shape[0], device=source.device) + shift
    return torch.stack([source[slot], pairs[1].repeat_interleave(degree)])
