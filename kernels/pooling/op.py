"""Supernode pooling: a few points of a cloud gather what lies around them."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.kernels.launch import WARP_SCALARS, launch_rows
from graphformers.kernels.neighbors.op import MaxNeighbors, radius_neighbors
from graphformers.kernels.neighbors.result import Neighbors
from graphformers.kernels.point_tree.clouds import check_points
from graphformers.kernels.pooling.kernel import waves_kernel
from graphformers.kernels.pooling.reference import relative_coordinates
from graphformers.kernels.validation import (
    check_floating,
    check_indices,
    check_range,
    check_segments,
    check_shape,
)

_WORK_PER_WAVE = 16


def supernode_neighbors(
    points: Float[Tensor, "points space"],
    supernodes: Int[Tensor, " supernodes"],
    radius: float,
    *,
    ptr: Int[Tensor, " graphs_plus_1"] | None = None,
    max_neighbors: int | MaxNeighbors | None = 32,
) -> Neighbors:
    """Points within a radius of every supernode, itself among them: the rows to pool.

    ``supernodes`` are numbers of points, those of a graph together and the graphs in order, as
    ``farthest_points`` gives them. ``MaxNeighbors(32, "first")`` on shuffled points is what the
    published AB-UPT was trained with. To pool messages of the waves of ``relative_waves``::

        rows = supernode_neighbors(points, supernodes, radius)
        waves = relative_waves(points, points[supernodes], rows, frequencies)
        pooled = segment_reduce(message(waves), rows.row_ptr, "mean")
    """
    check_points(points, ptr)
    check_indices(points.device, supernodes=supernodes)
    looks = not torch.compiler.is_compiling()
    if looks:
        check_range("supernodes", supernodes, points.shape[0])
    centres = points.index_select(0, supernodes)
    if ptr is None:
        return radius_neighbors(points, radius, centres, max_neighbors=max_neighbors)
    graph = torch.searchsorted(ptr[1:].contiguous(), supernodes, right=True)
    if looks and bool((graph.diff() < 0).any()):
        raise ShapeError("supernodes must keep the order of the graphs; got an earlier graph later")
    query_ptr = torch.searchsorted(graph, torch.arange(ptr.shape[0], device=ptr.device))
    return radius_neighbors(
        points, radius, centres, ptr=ptr, query_ptr=query_ptr, max_neighbors=max_neighbors
    )


def relative_waves(
    points: Float[Tensor, "points space"],
    centres: Float[Tensor, "rows space"],
    neighbors: Neighbors,
    frequencies: Float[Tensor, " waves"],
) -> Float[Tensor, "edges channels"]:
    r"""Where each neighbour lies from the centre of its row, as sines and cosines.

    .. math:: \bigl[\sin(c\,\omega_1) \dots \sin(c\,\omega_f), \cos(c\,\omega_1) \dots
       \cos(c\,\omega_f)\bigr] \quad\text{for } c = \Delta_1 \dots \Delta_n, \lVert\Delta\rVert,
       \qquad \Delta = x_\text{centre} - x_\text{point}

    for every slot of ``neighbors``: ``2 waves (space + 1)`` channels, without a tensor over edges
    but the result. Twice differentiable in the positions; angles up to 1e9 keep full precision.

    Source: Alkin et al. 2025, arXiv:2502.09692, supernode pooling on relative positions.
    """
    check_points(points, None)
    check_floating(points=points, centres=centres, frequencies=frequencies)
    shape = (neighbors.num_queries, points.shape[1])
    check_shape("centres", centres, shape, "(rows, space) of the neighbours and points")
    if points.shape[0] != neighbors.num_points or frequencies.ndim != 1:
        raise ShapeError(
            f"points must be the {neighbors.num_points} searched and frequencies one axis; got "
            f"{points.shape[0]} and {tuple(frequencies.shape)}"
        )
    return torch.ops.graphformers.relative_waves(
        points, centres, neighbors.row_ptr, neighbors.index, frequencies
    )


torch.library.define(
    "graphformers::relative_waves",
    "(Tensor points, Tensor centres, Tensor row_ptr, Tensor index, Tensor frequencies) -> Tensor",
)


@torch.library.impl("graphformers::relative_waves", ("cpu", "cuda"))
def _waves(
    points: Tensor, centres: Tensor, row_ptr: Tensor, index: Tensor, frequencies: Tensor
) -> Tensor:
    check_segments(row_ptr, index.shape[0], "row_ptr")
    check_range("index", index, points.shape[0])
    out = _waves_shape(points, centres, row_ptr, index, frequencies)
    tensors = (points, centres, row_ptr, index, frequencies)
    arguments = (*[tensor.contiguous() for tensor in tensors], out)
    kernel = waves_kernel(WARP_SCALARS[points.dtype])
    launch_rows(kernel, arguments[2], 1, arguments, _WORK_PER_WAVE * out.numel())
    return out


@torch.library.register_fake("graphformers::relative_waves")
def _waves_shape(points, centres, row_ptr, index, frequencies) -> Tensor:
    return points.new_empty(index.shape[0], 2 * (points.shape[1] + 1) * frequencies.shape[0])


def _waves_setup(ctx, inputs, output) -> None:
    ctx.save_for_backward(*inputs)


def _waves_backward(ctx, grad: Tensor):
    """Through the coordinates: a sine pulls by its cosine, a cosine by its negative sine."""
    points, centres, row_ptr, index, frequencies = ctx.saved_tensors
    ops = torch.ops.graphformers
    waves = ops.relative_waves(points, centres, row_ptr, index, frequencies)
    pairs = (index.shape[0], points.shape[1] + 1, 2, frequencies.shape[0])
    sine, cosine = waves.view(pairs).unbind(2)
    of_sine, of_cosine = grad.reshape(pairs).unbind(2)
    pull = ((of_sine * cosine - of_cosine * sine) * frequencies).sum(2)
    gap, length = relative_coordinates(points, centres, row_ptr, index)
    pull = pull[:, :-1] + pull[:, -1:] * gap / torch.where(length > 0, length, 1)
    ptr, order = ops.group(index, points.shape[0])
    grad_points = -ops.segment_sum(pull, ptr, order)
    return grad_points, ops.segment_sum(pull, row_ptr, None), None, None, None


torch.library.register_autograd(
    "graphformers::relative_waves", _waves_backward, setup_context=_waves_setup
)
