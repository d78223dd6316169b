"""One hop: from the rows of a frontier to the edges picked in them."""

from typing import NamedTuple, cast

import torch
import warp as wp
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.launch import launch_rows
from graphformers.kernels.sampling.addresses import check_rows, graph_addresses
from graphformers.kernels.sampling.graph import CSRGraph
from graphformers.kernels.sampling.neighbors.kernel import (
    count_eligible_kernel,
    find_rows_kernel,
    pick_kernel,
)

# What a row looked up, an entry looked at and a pick cost, in multiply-adds: they wait for memory.
_ROW_WORK, _ENTRY_WORK, _PICK_WORK = 100, 10, 50
_LARGEST = 2**31 - 1  # arrays of kernels count in 32 bits


class Frontier(NamedTuple):
    """The rows a hop samples."""

    rows: Tensor  # (rows,) nodes
    trees: Tensor | None  # (rows,) seed whose subgraph a row belongs to
    latest: Tensor | None  # (rows,) latest time a row may see
    first_number: int  # number of the first row in the sample


class PickedEdges:
    """The edges picked so far, hop by hop.

    ``positions`` (edges,) in ``indices``; ``ends`` (2, edges) sources and targets, as numbers in
    the sample once they are known.
    """

    def __init__(self, graph: CSRGraph):
        self.positions = torch.empty(0, dtype=torch.int64)
        self.ends = torch.empty(2, 0, dtype=torch.int64)
        self.per_hop: list[int] = []
        self._row_end = 1 if graph.direction == "in" else 0  # where the nodes that pick stand

    def append(self, picks: int) -> tuple[Tensor, Tensor, Tensor]:
        """Room for a hop: positions, neighbors, and the nodes that pick."""
        known = self.positions.shape[0]
        positions = self.positions.new_empty(known + picks)
        ends = self.ends.new_empty(2, known + picks)
        positions[:known], ends[:, :known] = self.positions, self.ends
        self.positions, self.ends = positions, ends
        self.per_hop.append(picks)
        return positions[known:], ends[1 - self._row_end, known:], ends[self._row_end, known:]


class _Rows(NamedTuple):
    """Where the rows lie, and what they offer."""

    start: Tensor
    degree: Tensor
    eligible: Tensor


def pick_neighbors(
    graph: CSRGraph,
    node_time: Tensor | None,
    frontier: Frontier,
    fanout: int,
    picked: PickedEdges,
    *,
    replace: bool,
    seed: int,
) -> tuple[Tensor, Tensor]:
    """Add ``fanout`` entries of every row, or all; ``node_time`` is that of the neighbors.

    Returns, for every entry, the neighbor (to be numbered in place) and the number of its row.
    """
    timed = frontier.latest is not None
    weighs = timed or graph.weights is not None
    times = (graph.edge_time, node_time) if timed else (None, None)
    addresses = graph_addresses(graph, *times)
    rows = _look_up(graph, addresses, frontier, weighs)
    replace = replace and fanout >= 0
    out_ptr = _pointer(_picks_per_row(rows.eligible, fanout, replace))
    positions, neighbors, targets = picked.append(int(out_ptr[-1]))
    options = (seed, int(weighs), int(replace))
    nodes = (frontier.rows, frontier.trees, frontier.latest)
    out = (out_ptr, frontier.first_number, positions, neighbors, targets)
    ptr, work = (_pointer(rows.degree), _ENTRY_WORK) if weighs else (out_ptr, _PICK_WORK)
    kernel = cast(wp.Kernel, pick_kernel)  # what the decorator made of the function
    launch_rows(kernel, ptr, 1, (addresses, *options, *nodes, *rows, *out), int(ptr[-1]) * work)
    return neighbors, targets


def _picks_per_row(eligible: Tensor, fanout: int, replace: bool) -> Tensor:
    """How many entries every row picks."""
    picks = eligible.clamp(max=fanout) if fanout >= 0 else eligible
    if replace:
        picks = (eligible > 0) * fanout
    total = int(picks.sum())
    if total > _LARGEST:
        raise ShapeError(f"a hop must pick fewer than 2**31 edges; got {total}: lower the fanouts")
    return picks


def _look_up(graph: CSRGraph, addresses: Tensor, frontier: Frontier, weighs: bool) -> _Rows:
    """Find the rows and count what can be picked; raises for what does not make sense there."""
    rows = frontier.rows
    start, degree = torch.empty_like(rows), torch.empty_like(rows)
    each = torch.arange(rows.shape[0] + 1)
    kernel = cast(wp.Kernel, find_rows_kernel)
    arguments = (addresses, rows, start, degree)
    launch_rows(kernel, each, 1, arguments, rows.shape[0] * _ROW_WORK)
    check_rows(graph, rows, degree)
    if not weighs:
        return _Rows(start, degree, degree)
    eligible, ptr = torch.empty_like(rows), _pointer(degree)
    kernel = cast(wp.Kernel, count_eligible_kernel)
    arguments = (addresses, frontier.latest, start, degree, eligible)
    launch_rows(kernel, ptr, 1, arguments, int(ptr[-1]) * _ENTRY_WORK)
    check_rows(graph, rows, eligible)
    return _Rows(start, degree, eligible)


def _pointer(sizes: Tensor) -> Tensor:
    """First slot of every row, and the number of slots."""
    return torch.nn.functional.pad(sizes.cumsum(0), (1, 0))
