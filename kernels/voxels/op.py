"""From points to voxels: cells, their distinct ones in order, and who lies where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
import warp as wp
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import pad

from graphformers.errors import DataError, ShapeError
from graphformers.kernels.launch import launch_once
from graphformers.kernels.validation import check_floating, check_indices, check_segments
from graphformers.kernels.voxels.kernel import DIGIT_BITS, sort_by_digit_kernel

_KEY_BITS = 63
_FARTHEST_CELL = 2.0**62
_MOST_VOXELS = 2**31 - 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Voxels:
    """Occupied voxels in lexicographic order of graph and cell, and the points in them.

    The points of voxel ``v`` are ``order[row_ptr[v]:row_ptr[v + 1]]``, ascending, so that
    ``segment_reduce(values, voxels.row_ptr, "mean", voxels.order)`` averages over each voxel.
    """

    cell: Int[Tensor, "voxels space"]
    graph: Int[Tensor, " voxels"]
    row_ptr: Int[Tensor, " voxels_plus_1"]
    order: Int[Tensor, " points"]
    inverse: Int[Tensor, " points"]  # voxel of every point

    @property
    def num_voxels(self) -> int:
        """Number of occupied voxels."""
        return self.cell.shape[0]


def voxel_cells(
    points: Float[Tensor, "points space"], size: float | Sequence[float]
) -> Int[Tensor, "points space"]:
    r"""Integer cell of every point, :math:`\lfloor x / h \rfloor` in the precision of the points.

    ``size`` is the edge of a voxel, or one per axis. Cells are negative left of the origin.
    """
    if points.ndim != 2:
        raise ShapeError(f"points must be (points, space); got {tuple(points.shape)}")
    check_floating(points=points)
    space = points.shape[1]
    sizes = [float(edge) for edge in size] if isinstance(size, Sequence) else [float(size)] * space
    if len(sizes) != space or not all(0 < edge < float("inf") for edge in sizes):
        raise ShapeError(f"size must be positive, one number or {space}; got {size}")
    return torch.ops.graphformers.voxel_cells(points, sizes)


def patch_offsets(cells: Int[Tensor, "points space"], width: int) -> Int[Tensor, " points"]:
    """Place of a cell in its patch of ``width`` cells an axis, the last axis fastest.

    The patch of a cell is ``cells.div(width, rounding_mode="floor")``; group those to get tokens.
    """
    if width < 1:
        raise ShapeError(f"width must be at least 1; got {width}")
    offset = torch.zeros_like(cells[:, 0])
    for axis in cells.remainder(width).unbind(1):
        offset = offset * width + axis
    return offset


def group_voxels(
    cells: Int[Tensor, "points space"], ptr: Int[Tensor, " graphs_plus_1"] | None = None
) -> Voxels:
    """Group points by graph and cell, as ``torch.unique`` over rows would, by one radix sort.

    Graph and cell are packed into a key of 63 bits; cells so far apart that they need more are
    refused with ``DataError``.
    """
    if cells.ndim != 2 or cells.shape[1] == 0 or cells.is_floating_point():
        shape = tuple(cells.shape)
        raise ShapeError(f"cells must be integers (points, space); got {cells.dtype} {shape}")
    if ptr is not None:
        check_indices(cells.device, ptr=ptr)
        if ptr.shape[0] == 0:
            raise ShapeError("ptr needs the end of the last graph; got no entries")
    check_indices(cells.device, cells=cells[:, 0].to(torch.int64))
    start, order, inverse = torch.ops.graphformers.group_voxels(cells, ptr)
    if torch.compiler.is_compiling():  # nothing else tells it that one index counts them
        torch._check(start.shape[0] < _MOST_VOXELS)
    first = order.index_select(0, start)
    graph = torch.zeros_like(first)
    if ptr is not None:
        graph = torch.searchsorted(ptr[1:].contiguous(), first, right=True)
    return Voxels(
        cell=cells.index_select(0, first),
        graph=graph,
        row_ptr=torch.cat([start, start.new_full((1,), cells.shape[0])]),
        order=order,
        inverse=inverse,
    )


torch.library.define("graphformers::voxel_cells", "(Tensor points, float[] size) -> Tensor")


@torch.library.impl("graphformers::voxel_cells", ("cpu", "cuda"))
def _cells(points: Tensor, size: list[float]) -> Tensor:
    cells = (points / points.new_tensor(size)).floor()
    if not bool((cells.abs() < _FARTHEST_CELL).all()):
        raise DataError("points must be finite and within 2**62 voxels of the origin")
    return cells.to(torch.int64)


@torch.library.register_fake("graphformers::voxel_cells")
def _cells_shape(points: Tensor, size: list[float]) -> Tensor:
    return points.new_empty(points.shape, dtype=torch.int64)


torch.library.define(
    "graphformers::group_voxels",
    "(Tensor cells, Tensor? ptr) -> (Tensor start, Tensor order, Tensor inverse)",
)


@torch.library.impl("graphformers::group_voxels", ("cpu", "cuda"))
def _group(cells: Tensor, ptr: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    key, bits = _pack(cells, ptr)
    key, order = _sort(key, bits)
    starts = pad(key[1:] != key[:-1], (1, 0), value=True)[: cells.shape[0]]
    voxel = starts.cumsum(0) - 1
    inverse = torch.empty_like(voxel).index_copy(0, order, voxel)
    return starts.nonzero().squeeze(1), order, inverse


@torch.library.register_fake("graphformers::group_voxels")
def _group_shapes(cells: Tensor, ptr: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    start = cells.new_empty(torch.library.get_ctx().new_dynamic_size(), dtype=torch.int64)
    order = cells.new_empty(cells.shape[0], dtype=torch.int64)
    return start, order, torch.empty_like(order)


def _pack(cells: Tensor, ptr: Tensor | None) -> tuple[Tensor, int]:
    """Keys that ascend as (graph, cell) does, and how many bits they fill."""
    points = cells.shape[0]
    columns = list(cells.to(torch.int64).unbind(1))
    if ptr is not None:
        check_segments(ptr, points)
        graphs = torch.arange(ptr.shape[0] - 1, device=cells.device)
        columns.insert(0, graphs.repeat_interleave(ptr.diff(), output_size=points))
    key, bits = torch.zeros_like(columns[0]), 0
    if points == 0:
        return key, bits
    lows, highs = zip(*[[int(end) for end in column.aminmax()] for column in columns], strict=True)
    widths = [(high - low).bit_length() for low, high in zip(lows, highs, strict=True)]
    if sum(widths) > _KEY_BITS:
        raise DataError(
            f"cells must span at most {_KEY_BITS} bits over graphs and axes; got {widths}"
        )
    for column, low, width in zip(columns, lows, widths, strict=True):
        key = (key << width) | (column - low)
    return key, sum(widths)


def _sort(key: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Ascending keys, equal ones in order, and where they came from."""
    if key.is_cuda:
        return torch.sort(key, stable=True)
    item = torch.arange(key.shape[0])
    spare_key, spare_item = torch.empty_like(key), torch.empty_like(item)
    for shift in range(0, bits, DIGIT_BITS):
        starts = torch.zeros(2**DIGIT_BITS + 1, dtype=torch.int32)
        arguments = (key, item, shift, starts, spare_key, spare_item)
        launch_once(cast(wp.Kernel, sort_by_digit_kernel), arguments)  # what the decorator made
        key, item, spare_key, spare_item = spare_key, spare_item, key, item
    return key, item
