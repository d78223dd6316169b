"""Balanced trees over the points of a batch, one tree per graph."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from graphformers.kernels.launch import WARP_SCALARS, launch_rows
from graphformers.kernels.point_tree.kernel import LEAF, build_kernel
from graphformers.kernels.point_tree.reference import build_reference, children

_NUMBER_BITS = {torch.float32: torch.int32, torch.float64: torch.int64}
# Nodes are split level by level until there are this many trees to share out among the threads.
_ENOUGH_TREES = 32
_WORK_PER_POINT = 64


@dataclass(frozen=True, eq=False, kw_only=True)
class PointTree:
    """Points in places: leaf ``l`` has places ``l LEAF`` to ``(l + 1) LEAF``, see ``kernel.py``.

    ===========  =====================  ==========================================
    order        (places,) int32        number of the point in every place, -1: none
    points       (leaves, 3, LEAF)      its coordinates; NaN: none
    boxes        (2 leaves, 6)          lowest, then highest coordinates of nodes
    leaf_ptr     (graphs + 1,) int32    first leaf of every graph
    leaf_graph   (leaves,) int32        graph of every leaf
    ===========  =====================  ==========================================
    """

    order: Tensor
    points: Tensor
    boxes: Tensor
    leaf_ptr: Tensor
    leaf_graph: Tensor


def build_tree(positions: Tensor, ptr: Tensor) -> PointTree:
    """Trees over ``positions`` (points, 3), where graph ``g`` has points ``ptr[g]:ptr[g + 1]``."""
    sizes = ptr.diff()
    leaf_ptr = pad(((sizes + LEAF - 1) // LEAF).cumsum(0), (1, 0))
    leaves = int(leaf_ptr[-1])
    items = _in_places(positions, ptr, leaf_ptr, leaves)
    boxes = positions.new_empty(2 * leaves, 6)
    occupied = sizes > 0
    ends = (leaf_ptr[:-1] * LEAF + sizes)[occupied]
    _build(items, boxes, leaf_ptr[:-1][occupied], leaf_ptr[1:][occupied], ends)
    graphs = torch.arange(ptr.shape[0] - 1, dtype=torch.int32, device=ptr.device)
    return PointTree(
        order=items.view(_NUMBER_BITS[items.dtype])[:, 3].to(torch.int32).contiguous(),
        points=items[:, :3].reshape(leaves, LEAF, 3).transpose(1, 2).contiguous(),
        boxes=boxes,
        leaf_ptr=leaf_ptr.to(torch.int32),
        leaf_graph=graphs.repeat_interleave(leaf_ptr.diff(), output_size=leaves),
    )


def _in_places(positions: Tensor, ptr: Tensor, leaf_ptr: Tensor, leaves: int) -> Tensor:
    """Coordinates and number of the points, every graph's behind each other from its first leaf."""
    items = positions.new_full((leaves * LEAF, 4), torch.nan)
    numbers = items.view(_NUMBER_BITS[items.dtype])[:, 3].fill_(-1)
    points = positions.shape[0]
    number = torch.arange(points, dtype=numbers.dtype, device=positions.device)
    if ptr.shape[0] == 2:
        items[:points, :3], numbers[:points] = positions, number
    else:
        shift = leaf_ptr[:-1] * LEAF - ptr[:-1]
        place = number + shift.repeat_interleave(ptr.diff(), output_size=points)
        items[place, :3], numbers[place] = positions, number
    return items


def _build(items: Tensor, boxes: Tensor, first: Tensor, last: Tensor, ends: Tensor) -> None:
    if items.is_cuda:
        build_reference(items, boxes, first, last, ends)
        return
    kernel = build_kernel(WARP_SCALARS[items.dtype])
    work = _WORK_PER_POINT * items.shape[0]
    while 0 < first.shape[0] < _ENOUGH_TREES and int((last - first).max()) > _ENOUGH_TREES:
        _launch(kernel, items, boxes, (first, last, ends), whole=False, work=work)
        first, last, ends = children(first, last, ends)
    _launch(kernel, items, boxes, (first, last, ends), whole=True, work=work)


def _launch(kernel, items, boxes, nodes: tuple[Tensor, ...], whole: bool, work: int) -> None:
    first, last, ends = (one.to(torch.int32) for one in nodes)
    ptr = pad((nodes[1] - nodes[0]).cumsum(0), (1, 0)) * LEAF
    launch_rows(kernel, ptr, 1, (first, last, ends, int(whole), items, boxes), work)
