"""Edges in any order, brought into compressed rows without duplicates."""

from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.kernels.grouping.op import group


class Rows(NamedTuple):
    """Edges by target, in a row by source, and edges with equal ends in the order they came."""

    row_ptr: Int[Tensor, " targets_plus_1"]
    source: Int[Tensor, " edges"]
    edge: Int[Tensor, " edges"]  # number of every slot's edge in the order they came

    @property
    def target(self) -> Int[Tensor, " edges"]:
        """Target of every slot."""
        rows = torch.arange(self.row_ptr.shape[0] - 1, device=self.row_ptr.device)
        return rows.repeat_interleave(self.row_ptr.diff(), output_size=self.source.shape[0])


def group_by_target(
    source: Int[Tensor, " edges"],
    target: Int[Tensor, " edges"],
    num_targets: int,
    num_sources: int,
) -> Rows:
    """Two stable counting sorts: linear in the number of edges."""
    _, by_source = group(source, num_sources)
    row_ptr, by_target = group(target.index_select(0, by_source), num_targets)
    edge = by_source.index_select(0, by_target)
    return Rows(row_ptr, source.index_select(0, edge), edge)


def without_duplicates(rows: Rows) -> Rows:
    """Keep the first of all edges with the same ends."""
    target = rows.target
    differs = (target[1:] != target[:-1]) | (rows.source[1:] != rows.source[:-1])
    first = torch.cat([differs.new_ones(min(target.shape[0], 1)), differs])
    kept = torch.nn.functional.pad(first.cumsum(0), (1, 0))
    return Rows(kept.index_select(0, rows.row_ptr), rows.source[first], rows.edge[first])
