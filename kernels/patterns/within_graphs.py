"""Edges between nodes of the same graph that need no edge list: all pairs, windows, chance."""

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.kernels.patterns.rows import Rows


def complete_rows(
    ptr: Int[Tensor, " graphs_plus_1"], num_nodes: int | None = None, num_pairs: int | None = None
) -> Rows:
    """All ordered pairs inside each graph, numbered by graph, target and source."""
    sizes = ptr.diff()
    first = ptr[:-1].repeat_interleave(sizes, output_size=num_nodes)
    width = sizes.repeat_interleave(sizes, output_size=num_nodes)
    row_ptr = torch.nn.functional.pad(width.cumsum(0), (1, 0))
    shift = (first - row_ptr[:-1]).repeat_interleave(width, output_size=num_pairs)
    edge = torch.arange(shift.shape[0], device=ptr.device)
    return Rows(row_ptr, shift + edge, edge)


def window_rows(ptr: Int[Tensor, " graphs_plus_1"], reach: int, dilation: int) -> Rows:
    """Up to ``reach`` nodes before and after every node, ``dilation`` apart, and itself."""
    first, last = (end.repeat_interleave(ptr.diff())[:, None] for end in (ptr[:-1], ptr[1:]))
    offset = dilation * torch.arange(-reach, reach + 1, device=ptr.device)
    source = torch.arange(first.shape[0], device=ptr.device)[:, None] + offset
    return _rows(source, (source >= first) & (source < last))


def random_rows(
    ptr: Int[Tensor, " graphs_plus_1"], per_node: int, generator: torch.Generator
) -> Rows:
    """Sources drawn for every node from its graph, without the node itself and without repeats.

    A node of a graph with fewer others gets all of them. Floyd's algorithm, one draw for all nodes
    at a time: of the first ``j + 1`` others take a random one, or number ``j`` if that is taken.

    Source: Bentley and Floyd 1987, Communications of the ACM 30(9).
    """
    first, others = (
        row.repeat_interleave(ptr.diff())[:, None] for row in (ptr[:-1], ptr.diff() - 1)
    )
    drawn = first.new_full((first.shape[0], per_node), -1)
    for draw in range(per_node):
        newest = others - per_node + draw
        share = torch.rand(first.shape, dtype=torch.float64, device=ptr.device, generator=generator)
        candidate = (share * (newest + 1)).long()
        taken = (drawn == candidate).any(1, keepdim=True)
        drawn[:, draw : draw + 1] = torch.where(taken, newest, candidate).where(newest >= 0, -1)
    drawn, _ = drawn.sort(1)
    own = torch.arange(first.shape[0], device=ptr.device)[:, None] - first
    source = first + drawn + (drawn >= own).long()
    return _rows(source, drawn >= 0)


def _rows(source: Int[Tensor, "nodes width"], exists: Tensor) -> Rows:
    row_ptr = torch.nn.functional.pad(exists.sum(1).cumsum(0), (1, 0))
    kept = source[exists]
    return Rows(row_ptr, kept, torch.arange(kept.shape[0], device=kept.device))
