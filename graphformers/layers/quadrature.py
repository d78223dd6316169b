"""Weights that turn sums over points into integrals, as logarithms."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from graphformers.errors import ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import knn_neighbors, segment_broadcast, segment_reduce

_SHORTEST = 1e-6  # of an edge, in units of the size of a case: points may coincide


def log_quadrature(batch: GraphBatch) -> Float[Tensor, " nodes"]:
    r"""Logarithm of the share of space that every point stands for, up to a constant per case.

    ``batch.encodings["quadrature"]`` where it is given: volumes of cells, say, or what
    ``point_volumes`` makes of points without edges. Else on a line the trapezoid rule, in the plane
    and in space ``log_point_volumes`` over the edges; a case without edges is weighted evenly.
    """
    given = batch.encodings.get("quadrature")
    if given is not None:
        return given.reshape(-1).log()
    positions = batch.positions
    if positions is None:
        raise ShapeError("quadrature needs positions; the batch has none")
    if positions.shape[1] == 1:
        return log_trapezoid(positions[:, 0], batch.batch)
    return log_point_volumes(positions, batch.edge_index, batch.ptr)


def point_volumes(
    positions: Float[Tensor, "nodes space"],
    ptr: Int[Tensor, " graphs_plus_1"],
    neighbors: int = 6,
) -> Float[Tensor, " nodes"]:
    """Share of space of every point of a cloud, from its nearest points, up to a constant."""
    near = knn_neighbors(positions, neighbors, ptr=ptr)
    return log_point_volumes(positions, torch.stack([near.query, near.index]), ptr).exp()


def log_trapezoid(
    times: Float[Tensor, " nodes"], case: Int[Tensor, " nodes"]
) -> Float[Tensor, " nodes"]:
    r"""Logarithm of the trapezoid rule's weights, for times in any order.

    .. math:: \omega_j = \tfrac12 (\Delta_{j-1} + \Delta_j), \qquad \Delta_j = |t_{j+1} - t_j|

    with the intervals between neighbours of one case; the first and the last point have one. A
    point alone has weight 1.
    """
    by_time = times.argsort(stable=True)
    order = by_time[case[by_time].argsort(stable=True)]
    together = case[order].diff() == 0
    interval = times[order].diff().abs() * together
    ends = interval.new_zeros(1)
    weight = (torch.cat([ends, interval]) + torch.cat([interval, ends])) / 2
    inside = together.new_zeros(1)
    alone = ~(torch.cat([inside, together]) | torch.cat([together, inside]))
    weight = (weight + alone.to(weight)).clamp(min=torch.finfo(weight.dtype).tiny)
    return torch.empty_like(weight).index_copy(0, order, weight).log()


def log_point_volumes(
    positions: Float[Tensor, "nodes space"],
    edge_index: Int[Tensor, "2 edges"],
    ptr: Int[Tensor, " graphs_plus_1"],
) -> Float[Tensor, " nodes"]:
    r"""Logarithm of an estimate of the volume around every point, up to a constant.

    .. math:: \log \omega_j = d \cdot \mathrm{mean}_{e \ni j} \log \ell_e

    in :math:`d` dimensions over the lengths of the edges that meet in the point: a geometric mean,
    which is right for cells much longer than wide. A point without edges gets the mean of its case.
    """
    nodes, space = positions.shape
    length = torch.linalg.vector_norm(positions[edge_index[0]] - positions[edge_index[1]], dim=1)
    log_length = length.clamp(min=_SHORTEST).log()
    ends = torch.cat([edge_index[0], edge_index[1]])
    count = torch.bincount(ends, minlength=nodes).to(positions)
    total = positions.new_zeros(nodes).index_add(0, ends, log_length.repeat(2))
    of_case = torch.stack([total, count], dim=1)
    of_case = segment_broadcast(segment_reduce(of_case, ptr, "sum"), ptr, items=nodes)
    typical = of_case[:, 0] / of_case[:, 1].clamp(min=1)
    return space * torch.where(count > 0, total / count.clamp(min=1), typical)
