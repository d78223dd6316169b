"""Closed walks over every edge of a graph, with as few edges as possible walked twice.

A worker takes every ``workers``-th graph from one phase to the next. Edges are undirected and every
edge joins ``low`` and ``high``, ``low <= high``; a self loop is incident to its node once.

``batch`` holds the addresses of these tensors, in the order of ``TENSORS``. A slot is 2 per edge
and 1 per node; a graph's walk starts at its first slot.

=============  =====  ==================  ====================================================
node_ptr       int64  (graphs + 1,)
edge_ptr       int64  (graphs + 1,)
number         int64  (graphs,)           what the randomness of a graph depends on
low            int32  (edges,)
high           int32  (edges,)
upward         int64  (edges,)            caller's entry from low to high, or -1
downward       int64  (edges,)            from high to low, likewise
end_ptr        int64  (nodes + 1,)
incident       int32  (ends,)             edges at every node, shuffled
parts          int32  (nodes + graphs,)   first place in ``order`` of every connected part
order          int32  (nodes,)            part by part, breadth first
parent         int32  (nodes,)            edge towards the root of the part, -1 at the root
odd            int32  (nodes,)            1 where the edges, copies counted, are odd in number
label          int32  (nodes,)            cycles through the edge to the parent; or a distance
via            int32  (nodes,)            edge towards the start of a search
queue          int32  (nodes,)            of a search; or the parts in the order of the walk
next           int64  (nodes,)            first end that may be free, ``end_ptr`` at first
copies         int32  (edges,)            times an edge has still to be walked, 1 at first
taken          int32  (edges,)            0 at first, 1 once traced, 2 once written
stack          int32  (slots,)            nodes of the walk that is being extended
stack_edge     int32  (slots,)            edges that leave them
trail          int32  (slots,)            edges of a finished walk
table          int32  (workers, numbers)
length         int64  (graphs,)           steps of every walk, written
step_from      int64  (slots,)            written, like the rest
step_to        int64  (slots,)
step_edge      int64  (slots,)            caller's entry, along the step if there is one
step_opposite  int64  (slots,)            the entry in the other direction, or -1
=============  =====  ==================  ====================================================
"""

from typing import no_type_check

import warp as wp

from graphformers.kernels.eulerian.native import (
    COUNT_ODD,
    GROW_FOREST,
    JOIN_ALONG_TREE,
    JOIN_BY_CYCLES,
    JOIN_BY_PAIRS,
    LARGEST_TABLE,
    PAIR_NEIGHBOURS,
    SHUFFLE_INCIDENT,
    TRACE,
)


@no_type_check
@wp.func_native(SHUFFLE_INCIDENT)
def _shuffle_incident(graph: int, seed: wp.uint64, batch: wp.array[wp.int64]): ...


@no_type_check
@wp.func_native(GROW_FOREST)
def _grow_forest(graph: int, batch: wp.array[wp.int64], part_count: wp.array[wp.int32]): ...


@no_type_check
@wp.func_native(COUNT_ODD)
def _count_odd(
    graph: int, part: int, worker: int, batch: wp.array[wp.int64], parity: wp.array2d[wp.int32]
): ...


@no_type_check
@wp.func_native(PAIR_NEIGHBOURS)
def _pair_neighbours(graph: int, part: int, batch: wp.array[wp.int64]): ...


@no_type_check
@wp.func_native(JOIN_ALONG_TREE)
def _join_along_tree(graph: int, part: int, batch: wp.array[wp.int64]): ...


@no_type_check
@wp.func_native(JOIN_BY_CYCLES)
def _join_by_cycles(graph: int, part: int, worker: int, cycles: int, batch: wp.array[wp.int64]): ...


@no_type_check
@wp.func_native(JOIN_BY_PAIRS)
def _join_by_pairs(graph: int, part: int, worker: int, batch: wp.array[wp.int64]): ...


@no_type_check
@wp.func_native(TRACE)
def _trace(graph: int, seed: wp.uint64, count: int, batch: wp.array[wp.int64]): ...


@no_type_check
@wp.kernel(enable_backward=False)
def eulerian_kernel(
    first: int,  # first worker of this chunk
    seed: wp.uint64,
    workers: int,
    batch: wp.array[wp.int64],
    part_count: wp.array[wp.int32],  # (graphs,) connected parts, written
    parity: wp.array2d[wp.int32],  # (workers, 2) odd nodes and independent cycles of a part
):
    """Make the degrees of every connected part even, then walk all its edges and their copies."""
    offset, _lane = wp.tid()
    worker = first + offset
    for graph in range(worker, part_count.shape[0], workers):
        _shuffle_incident(graph, seed, batch)
        _grow_forest(graph, batch, part_count)
        for part in range(part_count[graph]):
            _count_odd(graph, part, worker, batch, parity)
            odd_nodes = parity[worker, 0]
            cycles = parity[worker, 1]
            if cycles <= wp.min(odd_nodes, LARGEST_TABLE):
                _join_along_tree(graph, part, batch)
                _join_by_cycles(graph, part, worker, cycles, batch)
            elif odd_nodes <= LARGEST_TABLE:
                _join_by_pairs(graph, part, worker, batch)
            else:
                _pair_neighbours(graph, part, batch)
                _join_along_tree(graph, part, batch)
        _trace(graph, seed, part_count[graph], batch)


@no_type_check
@wp.kernel(enable_backward=False)
def merge_kernel(
    order: wp.array[wp.int64],  # (entries,) sorted by their lower and then by their higher node
    source: wp.array[wp.int64],  # (entries,)
    target: wp.array[wp.int64],  # (entries,)
    low: wp.array[wp.int32],  # (entries,) written, like the rest
    high: wp.array[wp.int32],  # (entries,)
    upward: wp.array[wp.int64],  # (entries,) the entry from low to high, left alone without one
    downward: wp.array[wp.int64],  # (entries,) the entry from high to low, likewise
    count: wp.array[wp.int64],  # (1,) number of edges
):
    """Make one undirected edge of the n-th entry from i to j and the n-th one from j to i."""
    edges = int(0)
    up = int(0)
    down = int(0)
    for position in range(order.shape[0]):
        entry = int(order[position])
        lower = int(wp.min(source[entry], target[entry]))
        higher = int(wp.max(source[entry], target[entry]))
        fresh = position == 0
        if edges > 0:
            fresh = low[edges - 1] != lower or high[edges - 1] != higher
        if fresh:
            up = edges
            down = edges
        edge = up
        if int(source[entry]) == lower:
            upward[up] = wp.int64(entry)
            up += 1
        else:
            edge = down
            downward[down] = wp.int64(entry)
            down += 1
        if edge == edges:
            low[edge] = lower
            high[edge] = higher
            edges += 1
    count[0] = wp.int64(edges)
