"""Farthest-point sampling: a subset that covers a point cloud evenly."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

from graphformers.errors import ShapeError
from graphformers.kernels.farthest_points.kernel import sample_kernel
from graphformers.kernels.launch import WARP_SCALARS, launch_rows
from graphformers.kernels.point_tree.clouds import check_points, checked_ptr
from graphformers.kernels.point_tree.tree import PointTree, build_tree

_WORK_PER_POINT = 1024


def farthest_points(
    points: Float[Tensor, "points space"],
    count: int,
    *,
    ptr: Int[Tensor, " graphs_plus_1"] | None = None,
    seed: int | None = None,
) -> Int[Tensor, " picks"]:
    r"""Pick ``count`` points of every graph, each as far as can be from those before it.

    .. math:: p_{t+1} = \arg\max_j \min_{s \le t} \lVert x_j - x_{p_s} \rVert

    Of equally far points the lowest number; no point twice. A graph starts from its first point
    or, given a ``seed``, from one drawn with it; a graph of fewer points gives them all. The picks
    are numbers of points, graph after graph. A pick costs the points it comes closer to, not all.

    Source: Gonzalez 1985, "Clustering to minimize the maximum intercluster distance"; Eldar et al.
    1997, "The farthest point strategy for progressive image sampling".
    """
    check_points(points, ptr)
    if count < 0:
        raise ShapeError(f"count must not be negative; got {count}")
    return torch.ops.graphformers.farthest_points(points, count, ptr, seed)


torch.library.define(
    "graphformers::farthest_points",
    "(Tensor points, SymInt count, Tensor? ptr, int? seed) -> Tensor",
)


@torch.library.impl("graphformers::farthest_points", ("cpu", "cuda"))
def _sample(points: Tensor, count: int, ptr: Tensor | None, seed: int | None) -> Tensor:
    ptr = checked_ptr("points", points, "ptr", ptr)
    sizes = ptr.diff()
    pick_ptr = pad(sizes.clamp(max=count).cumsum(0), (1, 0))
    picks = pick_ptr.new_empty(int(pick_ptr[-1]))
    tree = build_tree(pad(points, (0, 3 - points.shape[1])), ptr)
    nodes = tree.boxes.shape[0]
    scratch = (
        torch.where(tree.order < 0, -1.0, torch.inf).to(points.dtype),
        points.new_full((nodes,), torch.nan),  # no pick was here
        tree.order.new_empty(nodes),
        tree.order.new_empty(nodes, 2),
    )
    given = (tree.order, tree.points, tree.boxes, tree.leaf_ptr)
    arguments = (*given, _starts(tree, ptr, seed), pick_ptr, *scratch, picks)
    kernel = sample_kernel(WARP_SCALARS[points.dtype])
    launch_rows(kernel, ptr.contiguous(), 1, arguments, _WORK_PER_POINT * points.shape[0])
    return picks


@torch.library.register_fake("graphformers::farthest_points")
def _sample_shape(points, count, ptr, seed) -> Tensor:
    if ptr is None:
        return points.new_empty(torch.sym_min(points.shape[0], count), dtype=torch.int64)
    return points.new_empty(torch.library.get_ctx().new_dynamic_size(), dtype=torch.int64)


def _starts(tree: PointTree, ptr: Tensor, seed: int | None) -> Tensor:
    """The place of every graph's first pick."""
    start = ptr[:-1]
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.rand(start.shape[0], dtype=torch.float64, generator=generator)
        start = start + (drawn.to(ptr.device) * ptr.diff()).to(torch.int64)
    held = (tree.order >= 0).nonzero().squeeze(1)
    place = torch.empty_like(held).index_copy(0, tree.order[held].to(torch.int64), held)
    return place[start.clamp(max=held.shape[0] - 1)] if held.shape[0] > 0 else start
