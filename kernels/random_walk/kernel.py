"""Powers of the transition matrix P = D^-1 A of a random walk.

``row_ptr`` (nodes + 1,) and ``neighbour`` (edges,) are the edges that leave every node, ``share``
(nodes,) the inverse of their number, 0 where no edge leaves, and ``root`` (nodes,) the root of
their number, null unless the walk is symmetric.

``pairs_kernel`` multiplies dense blocks of columns, for all pairs inside small graphs. The other
two follow the walk from one node at a time and touch only the nodes it can have reached, which is
what makes them cheap in a large graph. Such a walk is a sparse vector: a value for every node, most
of them zero, and a list of the others.

========  ===================  =============================================================
walk      (planes, nodes)      values of the sparse vectors, zero outside of their lists
reached   (planes, nodes + 2)  their lists; an even plane and the next one take turns
========  ===================  =============================================================

The inner loops are native, see ``native.py``.
"""

from functools import cache
from typing import no_type_check

import warp as wp

from graphformers.kernels.random_walk.native import ADVANCE, BLOCK_STEP, CLEAR, MEET

LANES = 8  # columns a thread carries along


@no_type_check
@wp.func
def _begin(plane: int, node: int, walk: wp.array2d[wp.float64], reached: wp.array2d[wp.int32]):
    reached[plane, 0] = 1
    reached[plane, 1] = node
    walk[plane, node] = wp.float64(1.0)


@no_type_check
@wp.func_native(snippet=ADVANCE)
def _advance(
    row_ptr: wp.array[wp.int64],
    neighbour: wp.array[wp.int64],
    share: wp.array[wp.float64],
    plane: int,
    walk: wp.array2d[wp.float64],
    reached: wp.array2d[wp.int32],
):
    """One step from ``plane`` to the plane beside it, which holds zeros."""


@no_type_check
@wp.func_native(snippet=MEET)
def _meet(
    start: int,  # node both walks belong to
    plane: int,
    other: int,
    row_ptr: wp.array[wp.int64],
    share: wp.array[wp.float64],
    walk: wp.array2d[wp.float64],
    reached: wp.array2d[wp.int32],
    step: int,
    out: wp.array[wp.float64],  # (steps,), one of them written
):
    """Inner product of two planes, weighted by ``share``, times the degree of the start."""


@no_type_check
@wp.func_native(snippet=CLEAR)
def _clear(plane: int, walk: wp.array2d[wp.float64], reached: wp.array2d[wp.int32]):
    """Zeros again, wherever the list says that there are none."""


@no_type_check
@wp.func
def _ratio(above: wp.float64, below: wp.float64) -> wp.float64:
    """Quotient of two roots of degrees; nothing arrives at a node that nothing leaves."""
    quotient = wp.float64(0.0)
    if below > wp.float64(0.0):
        quotient = above / below
    return quotient


@cache
@no_type_check
def pairs_kernel(scalar: type) -> wp.Kernel:
    """All pairs inside graphs; one thread per block of columns of a graph."""
    block = wp.types.vector(LANES, wp.float64)

    @wp.func_native(snippet=BLOCK_STEP)
    def block_step(
        node: int,  # first node of the graph
        size: int,
        column: int,  # first of the block, counted inside the graph
        pair: int,  # first pair of the graph
        channel: int,
        row_ptr: wp.array[wp.int64],
        neighbour: wp.array[wp.int64],
        share: wp.array[wp.float64],
        root: wp.array[wp.float64],
        before: wp.array[block],  # (size,) rows of the last power
        after: wp.array[block],  # (size,) rows of the next one, written
        out: wp.array2d[scalar],  # (pairs, channels), one channel of it written
    ): ...

    @wp.kernel(enable_backward=False, module=f"graphformers.random_walk.{scalar.__name__}")
    def kernel(
        first: int,  # first block of this chunk
        work_ptr: wp.array[wp.int64],  # (blocks + 1,) rows of ``work`` that belong to a block
        first_node: wp.array[wp.int64],  # (blocks,)
        first_column: wp.array[wp.int64],  # (blocks,)
        first_pair: wp.array[wp.int64],  # (blocks,)
        row_ptr: wp.array[wp.int64],
        neighbour: wp.array[wp.int64],
        share: wp.array[wp.float64],
        root: wp.array[wp.float64],
        steps: int,
        identity: int,  # 1 if channel 0 is step 0
        work: wp.array2d[block],  # (2, rows)
        out: wp.array2d[scalar],  # (pairs, channels), written
    ):
        offset, _lane = wp.tid()
        task = first + offset
        start = int(work_ptr[task])
        end = int(work_ptr[task + 1])
        size = end - start
        node = int(first_node[task])
        column = int(first_column[task])
        pair = int(first_pair[task])
        columns = wp.min(LANES, size - column)
        for row in range(size):
            unit = block()
            for lane in range(columns):
                if row == column + lane:
                    unit[lane] = wp.float64(1.0)
                if identity == 1:
                    out[pair + row * size + column + lane, 0] = scalar(unit[lane])
            work[0, start + row] = unit
        for step in range(1, steps + 1):
            before = work[(step + 1) % 2][start:end]
            after = work[step % 2][start:end]
            channel = step - 1 + identity
            block_step(
                node, size, column, pair, channel, row_ptr, neighbour, share, root, before, after,
                out,
            )  # fmt: skip

    return kernel


@no_type_check
@wp.kernel(enable_backward=False, module="graphformers.random_walk.returns")
def return_kernel(
    first: int,  # first worker of this chunk
    row_ptr: wp.array[wp.int64],
    neighbour: wp.array[wp.int64],
    entering_ptr: wp.array[wp.int64],  # the edges that enter every node, or null: they are the same
    entering: wp.array[wp.int64],
    share: wp.array[wp.float64],
    steps: int,
    workers: int,
    walks: wp.array3d[wp.float64],  # (workers, planes, nodes), zeros; left as zeros
    lists: wp.array3d[wp.int32],  # (workers, planes, nodes + 2)
    out: wp.array2d[wp.float64],  # (nodes, steps), written
):
    """Return probabilities, by letting walks from and to a node meet halfway.

    (P^(a+b))_ii = sum_j (P^a)_ij (P^b)_ji, so that the walks need only half the steps. With z_b =
    d_j (P^b)_ji the walk to the node follows the same rule as the walk from it, over the entering
    edges; in an undirected graph z_b is d_i (P^b)_ij, and the second walk is the first.
    """
    offset, _lane = wp.tid()
    worker = first + offset
    walk = walks[worker]
    reached = lists[worker]
    for node in range(worker, out.shape[0], workers):
        row = out[node]
        _begin(0, node, walk, reached)
        back = int(0)
        if entering_ptr:
            back = 2
            _begin(back, node, walk, reached)
        for half in range(1, (steps + 1) // 2 + 1):
            old = (half + 1) % 2
            new = half % 2
            _advance(row_ptr, neighbour, share, old, walk, reached)
            _meet(node, new, back + old, row_ptr, share, walk, reached, 2 * half - 2, row)
            if entering_ptr:
                _advance(entering_ptr, entering, share, back + old, walk, reached)
                _clear(back + old, walk, reached)
            if 2 * half <= steps:
                _meet(node, new, back + new, row_ptr, share, walk, reached, 2 * half - 1, row)
            _clear(old, walk, reached)
        last = (steps + 1) // 2 % 2
        _clear(last, walk, reached)
        if entering_ptr:
            _clear(back + last, walk, reached)


@cache
@no_type_check
def pattern_kernel(scalar: type) -> wp.Kernel:
    """The pairs of a pattern; every worker takes every ``workers``-th row."""

    @wp.kernel(enable_backward=False, module=f"graphformers.random_walk.along.{scalar.__name__}")
    def kernel(
        first: int,  # first worker of this chunk
        pattern_ptr: wp.array[wp.int64],  # (nodes + 1,) pairs of every node the walk starts from
        source: wp.array[wp.int64],  # (pairs,) where it ends
        edge: wp.array[wp.int64],  # (pairs,) caller's number
        row_ptr: wp.array[wp.int64],
        neighbour: wp.array[wp.int64],
        share: wp.array[wp.float64],
        root: wp.array[wp.float64],
        steps: int,
        identity: int,  # 1 if channel 0 is step 0
        workers: int,
        walks: wp.array3d[wp.float64],  # (workers, 2, nodes), zeros; left as zeros
        lists: wp.array3d[wp.int32],  # (workers, 2, nodes + 2)
        out: wp.array2d[scalar],  # (pairs, channels), written
    ):
        offset, _lane = wp.tid()
        worker = first + offset
        walk = walks[worker]
        reached = lists[worker]
        for node in range(worker, pattern_ptr.shape[0] - 1, workers):
            begin = int(pattern_ptr[node])
            end = int(pattern_ptr[node + 1])
            reached[0, 0] = 0  # no walk where no pair asks for one
            if begin < end:
                _begin(0, node, walk, reached)
            if identity == 1:
                for slot in range(begin, end):
                    out[int(edge[slot]), 0] = scalar(walk[0, int(source[slot])])
            for step in range(1, steps + 1):
                new = step % 2
                _advance(row_ptr, neighbour, share, new ^ 1, walk, reached)
                _clear(new ^ 1, walk, reached)
                for slot in range(begin, end):
                    place = int(source[slot])
                    value = walk[new, place]
                    if root:
                        value *= _ratio(root[node], root[place])
                    out[int(edge[slot]), step - 1 + identity] = scalar(value)
            _clear(steps % 2, walk, reached)

    return kernel
