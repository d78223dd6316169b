"""Shortest paths to some nodes, from every node of their graph."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern

ENTRIES_AT_A_TIME = 1 << 21  # of the tables of distances; the table of one node goes alone


class PathTable(NamedTuple):
    """Shortest paths to some targets: a row for each of them and each node of its graph.

    Node ``v`` has the row ``v`` plus a shift that belongs to the target.
    """

    hops: Int[Tensor, " rows"]  # edges of the path, -1 where there is none
    first_edge: Int[Tensor, " rows"]  # edge with which the path leaves its start
    slots: slice  # the slots of the pattern that ask for paths to these targets
    shift: Int[Tensor, " slots"]
    row: Int[Tensor, " slots"]  # the row that every slot asks for


class _Incoming(NamedTuple):
    """Edges by the node they enter."""

    row_ptr: Int[Tensor, " nodes_plus_1"]
    edge: Int[Tensor, " edges"]
    source: Int[Tensor, " edges"]


def path_tables(
    graphs: GraphBatch, edge_index: Int[Tensor, "2 edges"], pattern: SparsePattern
) -> Iterator[PathTable]:
    """Search backwards from all targets of a pattern, until every source asked for is reached.

    Of several shortest paths every node follows the one whose next edge has the lowest number. A
    pattern of pairs that are near each other costs no more than what lies that near.
    """
    incoming = _by_target(edge_index, graphs.num_nodes)
    sizes = graphs.ptr.diff()[graphs.batch]
    starts = torch.nn.functional.pad(sizes.cumsum(0), (1, 0))
    first = 0
    while first < graphs.num_nodes:
        limit = starts[first] + ENTRIES_AT_A_TIME
        last = max(first + 1, int(torch.searchsorted(starts, limit, right=True)) - 1)
        slots = slice(int(pattern.row_ptr[first]), int(pattern.row_ptr[last]))
        if slots.stop > slots.start:
            rows = starts[first : last + 1] - starts[first]
            shift = rows[:-1] - graphs.ptr[graphs.batch[first:last]]
            shift_of_slot = shift[pattern.target[slots] - first]
            row = shift_of_slot + pattern.source[slots]
            hops, first_edge = _search(incoming, int(rows[-1]), shift, first, row)
            yield PathTable(hops, first_edge, slots, shift_of_slot, row)
        first = last


def _by_target(edge_index: Int[Tensor, "2 edges"], nodes: int) -> _Incoming:
    source, target = edge_index
    edge = target.argsort(stable=True)
    row_ptr = torch.nn.functional.pad(target.bincount(minlength=nodes).cumsum(0), (1, 0))
    return _Incoming(row_ptr, edge, source[edge])


def _search(
    incoming: _Incoming,
    rows: int,
    shift: Int[Tensor, " targets"],
    first: int,
    wanted: Int[Tensor, " slots"],
) -> tuple[Int[Tensor, " rows"], Int[Tensor, " rows"]]:
    """Hops and first edges to consecutive targets, the first of which is node ``first``."""
    hops = shift.new_full((rows,), -1)
    first_edge = shift.new_full((rows,), incoming.edge.shape[0])
    end = torch.arange(shift.shape[0], device=shift.device)
    node = end + first
    hops[shift + node] = 0
    distance = 0
    while node.shape[0] > 0 and bool((hops[wanted] < 0).any()):
        distance += 1
        end, edge, node = _one_step_back(incoming, end, node)
        row = shift[end] + node
        new = hops[row] < 0
        end, edge, node, row = end[new], edge[new], node[new], row[new]
        first_edge.scatter_reduce_(0, row, edge, "amin")
        hops[row] = distance
        chosen = first_edge[row] == edge
        end, node = end[chosen], node[chosen]
    return hops, first_edge


def _one_step_back(
    incoming: _Incoming, end: Int[Tensor, " paths"], node: Int[Tensor, " paths"]
) -> tuple[Int[Tensor, " longer"], Int[Tensor, " longer"], Int[Tensor, " longer"]]:
    """Prolong every path by every edge into its start: ends, edges and new starts."""
    degree = incoming.row_ptr.diff()[node]
    begin = degree.cumsum(0) - degree
    slot_shift = (incoming.row_ptr[:-1][node] - begin).repeat_interleave(degree)
    slot = torch.arange(slot_shift.shape[0], device=node.device) + slot_shift
    return end.repeat_interleave(degree), incoming.edge[slot], incoming.source[slot]
