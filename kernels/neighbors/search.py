"""The search itself: trees, the sizes of the rows, the rows."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from graphformers.kernels.launch import WARP_SCALARS, launch_rows
from graphformers.kernels.neighbors.kernel import COUNT, search_kernel
from graphformers.kernels.neighbors.reference import wrap
from graphformers.kernels.point_tree.clouds import checked_ptr
from graphformers.kernels.point_tree.kernel import LEAF
from graphformers.kernels.point_tree.tree import PointTree, build_tree

_MOST = 2**31 - 2
_WORK_PER_QUERY = 512


class Cloud(NamedTuple):
    """A batch of points in three dimensions, inside the box, and the trees over them."""

    positions: Tensor
    ptr: Tensor
    tree: PointTree


class Reach(NamedTuple):
    """How far a query looks and what it keeps: the most, which ones, the seed of the choice.

    ``alone`` is 1 where a query leaves out the point of its own number, else 0; the radius may be
    infinite.
    """

    radius: float
    alone: int
    most: int
    choice: int
    seed: int


def search(
    points: Tensor,
    queries: Tensor | None,
    ptr: Tensor | None,
    query_ptr: Tensor | None,
    box: Sequence[float] | None,
    radius: float,
    include_self: bool,
    *kept: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """Distances, row pointers and numbers of the neighbours: the operator."""
    period = None if box is None else points.new_tensor(box)
    cloud = targets = prepare("points", points, "ptr", ptr, period)
    if queries is not None:
        targets = prepare("queries", queries, "query_ptr", query_ptr, period)
    alone = int(queries is None and not include_self)
    return find(cloud, targets, Reach(radius, alone, *kept), period)


def prepare(
    name: str,
    points: Tensor,
    ptr_name: str = "ptr",
    ptr: Tensor | None = None,
    period: Tensor | None = None,
) -> Cloud:
    """Check points and build their trees."""
    ptr = checked_ptr(name, points, ptr_name, ptr)
    positions = pad(wrap(points, period), (0, 3 - points.shape[1]))
    return Cloud(positions, ptr, build_tree(positions, ptr))


def find(
    cloud: Cloud, targets: Cloud, reach: Reach, period: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Size the rows, by counting where a radius limits them, then fill them."""
    if period is not None:
        period = pad(period, (0, 3 - period.shape[0]), value=math.inf)
    squared = torch.tensor(reach.radius, dtype=cloud.positions.dtype).square().item()
    given = (cloud.positions, period, squared, reach.alone)
    if math.isinf(reach.radius):
        offered = (cloud.ptr.diff() - reach.alone).clamp(0, reach.most)
        counts = offered.repeat_interleave(targets.ptr.diff())
    else:
        counts = cloud.ptr.new_empty(targets.positions.shape[0])
        limit = min(reach.most, _MOST) + reach.alone
        _launch(cloud.tree, targets.tree, (*given, COUNT, 0, limit, None, None, None, counts))
        counts -= reach.alone
    row_ptr = pad(counts.cumsum(0), (1, 0))
    index = row_ptr.new_empty(int(row_ptr[-1]))
    distance = cloud.positions.new_empty(index.shape[0])
    rows = (reach.choice, reach.seed, 0, row_ptr, distance, index, None)
    _launch(cloud.tree, targets.tree, (*given, *rows))
    return distance, row_ptr, index


def _launch(tree: PointTree, query_tree: PointTree, arguments: tuple) -> None:
    periodic, lanes = arguments[1] is not None, 1 if tree.points.is_cuda else LEAF
    kernel = search_kernel(WARP_SCALARS[tree.points.dtype], periodic, lanes)
    groups = query_tree.order.shape[0] // lanes
    ptr = torch.arange(groups + 1, device=tree.points.device)
    places = (query_tree.order, query_tree.points, query_tree.leaf_graph)
    given = (tree.order, tree.points, tree.boxes, tree.leaf_ptr, *places, *arguments)
    launch_rows(kernel, ptr, 1, given, groups * lanes * _WORK_PER_QUERY)
