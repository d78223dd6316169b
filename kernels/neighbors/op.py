"""Neighbours within a radius and nearest neighbours, in 2-D and 3-D, exact."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.neighbors.kernel import FIRST, NEAREST, RANDOM
from graphformers.kernels.neighbors.result import Neighbors
from graphformers.kernels.neighbors.search import search
from graphformers.kernels.point_tree.clouds import check_points
from graphformers.kernels.validation import check_floating, check_indices, check_shape

Choice: TypeAlias = Literal["nearest", "first", "random"]
_CHOICES = {"nearest": NEAREST, "first": FIRST, "random": RANDOM}
_UNLIMITED = 2**31 - 1


@dataclass(frozen=True)
class MaxNeighbors:
    """At most ``number`` neighbours a query, and which ones it keeps when there are more.

    ``"nearest"``, the ``"first"`` by point number, or ``"random"`` ones: those with the least hash
    of (seed, query number, point number), a uniform sample that is the same on every machine.
    """

    number: int
    choice: Choice = "nearest"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.number < 1:
            raise ShapeError(f"max_neighbors must be at least 1; got {self.number}")
        if self.choice not in _CHOICES:
            raise ShapeError(f"choice must be one of {', '.join(_CHOICES)}; got {self.choice!r}")


def radius_neighbors(
    points: Float[Tensor, "points space"],
    radius: float,
    queries: Float[Tensor, "queries space"] | None = None,
    *,
    ptr: Int[Tensor, " graphs_plus_1"] | None = None,
    query_ptr: Int[Tensor, " graphs_plus_1"] | None = None,
    include_self: bool = False,
    max_neighbors: int | MaxNeighbors | None = None,
    box: Sequence[float] | None = None,
) -> Neighbors:
    r"""Points within a radius of every query.

    .. math:: N(i) = \{ j : \lVert x_j - q_i \rVert^2 \le r^2 \}

    in the precision of the points. Without ``queries`` the points look for each other, a point
    for itself only if ``include_self``; a query given is a place of its own and leaves out none.

    ``ptr`` cuts the points into graphs, ``query_ptr`` the queries, which see their own graph only.
    ``max_neighbors`` keeps that many nearest ones; ``MaxNeighbors`` makes other choices. ``box``
    has the periods along the axes, infinite where the space is open; the distance then is to the
    nearest image, and every point counts once, so that a radius beyond half a period is allowed.
    """
    if not 0 < radius < math.inf:
        raise ShapeError(f"radius must be positive and finite; got {radius}")
    if not isinstance(max_neighbors, MaxNeighbors):
        max_neighbors = MaxNeighbors(_UNLIMITED if max_neighbors is None else max_neighbors)
    _check(points, queries, ptr, query_ptr, box)
    kept = (max_neighbors.number, _CHOICES[max_neighbors.choice], max_neighbors.seed)
    distance, row_ptr, index = torch.ops.graphformers.neighbors(
        points, queries, ptr, query_ptr, box, radius, include_self, *kept
    )
    return Neighbors(row_ptr=row_ptr, index=index, distance=distance, num_points=points.shape[0])


def knn_neighbors(
    points: Float[Tensor, "points space"],
    k: int,
    queries: Float[Tensor, "queries space"] | None = None,
    *,
    ptr: Int[Tensor, " graphs_plus_1"] | None = None,
    query_ptr: Int[Tensor, " graphs_plus_1"] | None = None,
    include_self: bool = False,
    box: Sequence[float] | None = None,
) -> Neighbors:
    """The ``k`` nearest points of every query, nearest first, equal distances by point number.

    A graph with fewer than ``k`` points to offer gives its queries shorter rows, with all of them;
    ``Neighbors.table`` gives ``(queries, k)`` views when no row is short. The other arguments are
    those of ``radius_neighbors``.
    """
    if k < 1:
        raise ShapeError(f"k must be at least 1; got {k}")
    _check(points, queries, ptr, query_ptr, box)
    distance, row_ptr, index = torch.ops.graphformers.neighbors(
        points, queries, ptr, query_ptr, box, math.inf, include_self, k, NEAREST, 0
    )
    return Neighbors(row_ptr=row_ptr, index=index, distance=distance, num_points=points.shape[0])


def _check(
    points: Tensor,
    queries: Tensor | None,
    ptr: Tensor | None,
    query_ptr: Tensor | None,
    box: Sequence[float] | None,
) -> None:
    check_points(points, ptr)
    space = points.shape[1]
    if queries is not None:
        if queries.ndim != 2 or queries.shape[1] != space:
            raise ShapeError(f"queries must be (queries, {space}); got {tuple(queries.shape)}")
        check_floating(points=points, queries=queries)
    if (query_ptr is not None) != (queries is not None and ptr is not None):
        raise ShapeError("query_ptr goes with ptr when there are queries, and only then")
    if ptr is not None and query_ptr is not None:
        check_indices(points.device, query_ptr=query_ptr)
        check_shape("query_ptr", query_ptr, tuple(ptr.shape), "as long as ptr")
    if box is not None and (len(box) != space or not all(period > 0 for period in box)):
        raise ShapeError(f"box must be {space} positive periods; got {tuple(box)}")


torch.library.define(
    "graphformers::neighbors",
    "(Tensor points, Tensor? queries, Tensor? ptr, Tensor? query_ptr, float[]? box, float radius,"
    " bool include_self, SymInt most, int choice, int seed)"
    " -> (Tensor distance, Tensor row_ptr, Tensor index)",
)
torch.library.impl("graphformers::neighbors", ("cpu", "cuda"), search)


@torch.library.register_fake("graphformers::neighbors")
def _search_shapes(points, queries, ptr, query_ptr, box, radius, include_self, most, *_choice):
    rows = points.shape[0] if queries is None else queries.shape[0]
    if math.isinf(radius) and ptr is None:
        alone = queries is None and not include_self
        edges = rows * torch.sym_max(torch.sym_min(points.shape[0] - int(alone), most), 0)
    else:
        edges = torch.library.get_ctx().new_dynamic_size()
    integers = torch.int64
    row_ptr = points.new_empty(rows + 1, dtype=integers)
    return points.new_empty(edges), row_ptr, points.new_empty(edges, dtype=integers)


def _search_setup(ctx, inputs, output) -> None:
    points, queries, _, _, ctx.box, *_ = inputs
    _, row_ptr, index = output
    ctx.save_for_backward(points, queries, row_ptr, index)
    ctx.mark_non_differentiable(row_ptr, index)


def _search_backward(ctx, grad: Tensor, _grad_row_ptr, _grad_index):
    """The gradient of a distance is the direction from the query to the point."""
    points, queries, row_ptr, index = ctx.saved_tensors
    ops, num_points = torch.ops.graphformers, points.shape[0]
    centres = points if queries is None else queries
    gap = points.index_select(0, index) - ops.segment_broadcast(
        centres, row_ptr, None, index.shape[0]
    )
    if ctx.box is not None:
        period = points.new_tensor(ctx.box)
        gap = gap - (period * (gap / period).round()).detach().nan_to_num()
    squared = gap.square().sum(1, keepdim=True)
    pull = grad[:, None] * gap / torch.where(squared > 0, squared, 1).sqrt()
    ptr, order = ops.group(index, num_points)
    grad_points = ops.segment_sum(pull, ptr, order)
    grad_centres = -ops.segment_sum(pull, row_ptr, None)
    if queries is None:
        return grad_points + grad_centres, *[None] * 9
    return grad_points, grad_centres, *[None] * 8


torch.library.register_autograd(
    "graphformers::neighbors", _search_backward, setup_context=_search_setup
)
