r"""Searching a tree of points: no allocation, the same bits whatever the order of the work.

============  ====================  ===============================================================
order         (places,)             number of the point at every place of the tree; -1: none
points        (leaves, 3, LEAF)     coordinates by leaf, axis and place in the leaf; NaN: none
boxes         (2 leaves, 6)         boxes of the nodes, see ``point_tree``
leaf_ptr      (graphs + 1,)         first leaf of every graph
query_order   (query places,)       the same of the queries' own tree ...
query_points  (query leaves, 3, LEAF)
query_graph   (query leaves,)       ... and the graph of every leaf
============  ====================  ===============================================================

A squared distance is :math:`(\Delta_x^2 + \Delta_y^2) + \Delta_z^2`, every operation rounded.
Rounding keeps order, so the same formula on a box bounds what lies in the box to the last bit.
"""

from functools import cache
from typing import no_type_check

import warp as wp

from graphformers.kernels.neighbors.native import SEARCH
from graphformers.kernels.point_tree.kernel import LEAF, REAL

COUNT, NEAREST, FIRST, RANDOM = range(4)


@cache
@no_type_check
def search_kernel(scalar: type, periodic: bool, lanes: int) -> wp.Kernel:
    """Search for ``lanes`` queries a thread, ``LEAF`` or one."""
    module = wp.get_module(f"graphformers.neighbors.{scalar.__name__}.{periodic}.{lanes}")
    module.options["fuse_fp"] = False  # on CUDA; on the CPU a pragma in the snippet says it
    names = {"count": COUNT, "nearest": NEAREST, "first": FIRST, "leaf": LEAF, "lanes": lanes}
    snippet = SEARCH.substitute(names, real=REAL[scalar], periodic=str(periodic).lower())

    @wp.func_native(snippet)
    def search(
        place: int,
        order: wp.array[wp.int32],
        points: wp.array3d[scalar],
        boxes: wp.array2d[scalar],
        leaf_ptr: wp.array[wp.int32],
        query_order: wp.array[wp.int32],
        query_points: wp.array3d[scalar],
        query_graph: wp.array[wp.int32],
        positions: wp.array2d[scalar],
        period: wp.array[scalar],
        radius: scalar,
        exclude: int,
        choice: int,
        seed: wp.int64,
        most: int,
        row_ptr: wp.array[wp.int64],
        keys: wp.array[scalar],
        indices: wp.array[wp.int64],
        counts: wp.array[wp.int64],
    ): ...

    @wp.kernel(enable_backward=False, module=module)
    def search_kernel(
        first: int,  # first group of queries of this chunk
        order: wp.array[wp.int32],
        points: wp.array3d[scalar],
        boxes: wp.array2d[scalar],
        leaf_ptr: wp.array[wp.int32],
        query_order: wp.array[wp.int32],
        query_points: wp.array3d[scalar],
        query_graph: wp.array[wp.int32],
        positions: wp.array2d[scalar],  # (points, 3), in the order of the numbers
        period: wp.array[scalar],  # (3,) edges of the box, infinite along open axes
        radius: scalar,  # squared
        exclude: int,  # 1 leaves out the point with the query's own number
        choice: int,  # COUNT, or which neighbours a full row keeps
        seed: wp.int64,
        most: int,  # COUNT stops there
        row_ptr: wp.array[wp.int64],  # (queries + 1,) a row has room for what it will hold
        keys: wp.array[scalar],  # (edges,) distances, written
        indices: wp.array[wp.int64],  # (edges,) written
        counts: wp.array[wp.int64],  # (queries,) written by COUNT
    ):
        offset, _lane = wp.tid()
        place = (first + offset) * lanes
        if query_order[place] < 0:  # places without a point come last in a leaf
            return
        search(
            place, order, points, boxes, leaf_ptr, query_order, query_points, query_graph,
            positions, period, radius, exclude, choice, seed, most, row_ptr, keys, indices, counts,
        )  # fmt: skip

    return search_kernel
