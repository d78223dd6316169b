"""Farthest-point sampling over trees of points, one thread per graph.

==================  ====================  =====================================================
order, points,      see ``point_tree``
boxes, leaf_ptr
distances           (places,)             squared distance to the nearest pick; -1: picked
far, farthest       (2 leaves,)           the largest of them in a node, first NaN, and its place
visits              (2 leaves, 2)         nodes a pick changes, scratch
==================  ====================  =====================================================
"""

from functools import cache
from typing import no_type_check

import warp as wp

from graphformers.kernels.farthest_points.native import SAMPLE
from graphformers.kernels.point_tree.kernel import LEAF, REAL


@cache
@no_type_check
def sample_kernel(scalar: type) -> wp.Kernel:
    """Pick the points of one graph after the other."""
    module = wp.get_module(f"graphformers.farthest_points.{scalar.__name__}")
    module.options["fuse_fp"] = False  # on CUDA; on the CPU a pragma in the snippet says it

    @wp.func_native(SAMPLE.substitute(real=REAL[scalar], leaf=LEAF))
    def sample(
        graph: int,
        order: wp.array[wp.int32],
        points: wp.array3d[scalar],
        boxes: wp.array2d[scalar],
        leaf_ptr: wp.array[wp.int32],
        starts: wp.array[wp.int64],
        pick_ptr: wp.array[wp.int64],
        distances: wp.array[scalar],
        far: wp.array[scalar],
        farthest: wp.array[wp.int32],
        visits: wp.array2d[wp.int32],
        picks: wp.array[wp.int64],
    ): ...

    @wp.kernel(enable_backward=False, module=module)
    def sample_kernel(
        first: int,  # first graph of this chunk
        order: wp.array[wp.int32],
        points: wp.array3d[scalar],
        boxes: wp.array2d[scalar],
        leaf_ptr: wp.array[wp.int32],
        starts: wp.array[wp.int64],  # (graphs,) place of the first pick
        pick_ptr: wp.array[wp.int64],  # (graphs + 1,)
        distances: wp.array[scalar],
        far: wp.array[scalar],
        farthest: wp.array[wp.int32],
        visits: wp.array2d[wp.int32],
        picks: wp.array[wp.int64],  # (picks,) numbers of points, written
    ):
        offset, _lane = wp.tid()
        graph = first + offset
        if pick_ptr[graph] == pick_ptr[graph + 1]:
            return
        sample(
            graph, order, points, boxes, leaf_ptr, starts, pick_ptr,
            distances, far, farthest, visits, picks,
        )  # fmt: skip

    return sample_kernel
