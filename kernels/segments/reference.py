"""Segment reduction and its adjoint in plain torch: the definition."""

import torch
from torch import Tensor


def segment_of_item(ptr: Tensor, order: Tensor | None, items: int) -> Tensor:
    """Segment every item belongs to, in the order of the items."""
    segments = torch.arange(ptr.shape[0] - 1, device=ptr.device)
    segment = segments.repeat_interleave(ptr.diff(), output_size=items)
    return segment if order is None else torch.empty_like(segment).index_copy(0, order, segment)


def segment_reduce_reference(
    values: Tensor, ptr: Tensor, reduce: str = "sum", order: Tensor | None = None
) -> Tensor:
    """Every reduction of every segment by ``scatter_reduce``; empty gives zero."""
    if reduce == "std":
        mean = segment_reduce_reference(values, ptr, "mean", order)
        deviation = values - segment_broadcast_reference(mean, ptr, order, values.shape[0])
        variance = segment_reduce_reference(deviation.square(), ptr, "mean", order)
        return torch.where(variance > 0, variance, 1).sqrt() * (variance > 0)
    segment = segment_of_item(ptr, order, values.shape[0])
    index = segment.reshape(-1, *[1] * (values.ndim - 1)).expand_as(values)
    zeros = values.new_zeros(ptr.shape[0] - 1, *values.shape[1:])
    name = {"sum": "sum", "mean": "mean", "max": "amax", "min": "amin"}[reduce]
    return zeros.scatter_reduce(0, index, values, name, include_self=False)


def segment_broadcast_reference(
    values: Tensor, ptr: Tensor, order: Tensor | None, items: int
) -> Tensor:
    """Give every item the value of its segment, by ``index_select``."""
    return values.index_select(0, segment_of_item(ptr, order, items))
