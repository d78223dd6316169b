"""One hop: from the rows of a frontier to the edges picked in them."""

from typing import NamedTuple, cast

import torch
import warp as wp
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.launch import launch_rows
from graphformers.kernels.sampling.graph import CSRGraph
from graphformers.kernels.sampling.neighbors.kernel import (
    BAD_NEIGHBOR,
    GraphAddresses,
    count_eligible_kernel,
    find_rows_kernel,
    pick_kernel,
)

# What a row looked up, an entry looked at and a pick cost, in multiply-adds: they wait for memory.
_ROW_WORK, _ENTRY_WORK, _PICK_WORK = 100, 10, 50


class Frontier(NamedTuple):
    """The rows a hop samples."""

    rows: Tensor  # (rows,) nodes
    trees: Tensor | None  # (rows,) seed whose subgraph a row belongs to
    latest: Tensor | None  # (rows,) latest time a row may see
    first_number: int  # number of the first row in the sample


class Picks(NamedTuple):
    """The edges a hop picked, row by row."""

    edges: Tensor  # (picks,) positions in ``indices``
    ends: Tensor  # (2, picks) neighbours, and the numbers of the rows that picked them


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
    *,
    replace: bool,
    seed: int,
) -> Picks:
    """Pick ``fanout`` entries of every row, or all; ``node_time`` is that of the neighbours."""
    rows, timed = frontier.rows, frontier.latest is not None
    addresses = _addresses(graph, graph.edge_time if timed else None, node_time if timed else None)
    weighs = timed or graph.weights is not None
    found = _look_up(graph, addresses, frontier, weighs)
    replace = replace and fanout >= 0
    wanted = found.eligible if fanout < 0 else torch.full_like(rows, fanout)
    picks = wanted * (found.eligible > 0) if replace else torch.minimum(wanted, found.eligible)
    out_ptr = _pointer(picks)
    total = int(out_ptr[-1])
    if total > 2**31 - 1:
        raise ShapeError(f"a hop must pick fewer than 2**31 edges; got {total}: lower the fanout")
    out = Picks(rows.new_empty(total), rows.new_empty(2, total))
    options = (seed, int(weighs), int(replace))
    table = (rows, frontier.trees, frontier.latest, *found, out_ptr, frontier.first_number)
    kernel = cast(wp.Kernel, pick_kernel)  # what the decorator made of the function
    ptr = _pointer(found.degree) if weighs else out_ptr
    work = int(ptr[-1]) * _ENTRY_WORK if weighs else total * _PICK_WORK
    launch_rows(kernel, ptr, 1, (addresses, *options, *table, out.edges, *out.ends), work)
    return out


def _look_up(graph: CSRGraph, addresses: int, frontier: Frontier, weighs: bool) -> _Rows:
    """Find the rows and count what can be picked; raises for what does not make sense there."""
    rows = frontier.rows
    start, degree = torch.empty_like(rows), torch.empty_like(rows)
    each = torch.arange(rows.shape[0] + 1)
    kernel = cast(wp.Kernel, find_rows_kernel)
    arguments = (addresses, rows, start, degree)
    launch_rows(kernel, each, 1, arguments, rows.shape[0] * _ROW_WORK)
    _check_counts(graph, rows, degree)
    if not weighs:
        return _Rows(start, degree, degree)
    eligible, ptr = torch.empty_like(rows), _pointer(degree)
    kernel = cast(wp.Kernel, count_eligible_kernel)
    arguments = (addresses, frontier.latest, start, degree, eligible)
    launch_rows(kernel, ptr, 1, arguments, int(ptr[-1]) * _ENTRY_WORK)
    _check_counts(graph, rows, eligible)
    return _Rows(start, degree, eligible)


def _check_counts(graph: CSRGraph, rows: Tensor, counts: Tensor) -> None:
    """Kernels mark a row they cannot use with a negative count."""
    if rows.shape[0] == 0 or int(counts.min()) >= 0:
        return
    at = int((counts < 0).nonzero()[0])
    row, problem = int(rows[at]), int(counts[at])
    first, last = graph.indptr[row : row + 2].tolist()
    if first < 0 or last < first or last > graph.num_edges:
        bound = graph.num_edges
        raise ShapeError(f"indptr must rise from 0 to {bound}; row {row} is {first} ... {last}")
    if problem == BAD_NEIGHBOR:
        bound = graph.num_sources - 1
        raise ShapeError(f"indices must lie in 0 ... {bound}; not all of row {row} do")
    raise ShapeError(f"weights must be finite and not negative; not all of row {row} are")


def _addresses(graph: CSRGraph, edge_time: Tensor | None, node_time: Tensor | None) -> int:
    """What kernels read of a graph; a Warp structure passes through a launch as a number does."""
    addresses = GraphAddresses()
    addresses.indptr, addresses.indices = graph.indptr.data_ptr(), graph.indices.data_ptr()
    for name, tensor in (("edge_time", edge_time), ("node_time", node_time)):
        setattr(addresses, name, 0 if tensor is None else tensor.data_ptr())
    if graph.weights is not None:
        addresses.weights = graph.weights.data_ptr()
        addresses.weight_bytes = graph.weights.element_size()
    addresses.index_bytes = graph.indices.element_size()
    addresses.num_edges, addresses.num_sources = graph.num_edges, graph.num_sources
    return cast(int, addresses)


def _pointer(sizes: Tensor) -> Tensor:
    """First slot of every row, and the number of slots."""
    return torch.nn.functional.pad(sizes.cumsum(0), (1, 0))
