"""Reducing segments of a tensor, and handing a value back to every item of its segment."""

from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor

from graphformers.kernels.segments.reference import (
    segment_broadcast_reference,
    segment_reduce_reference,
)


def segment_reduce(
    values: Float[Tensor, "items *channels"],
    ptr: Int[Tensor, " segments_plus_1"],
    reduce: Literal["sum", "mean", "max", "min"] = "sum",
    order: Int[Tensor, " items"] | None = None,
) -> Float[Tensor, "segments *channels"]:
    """Reduce every segment."""
    return segment_reduce_reference(values, ptr, reduce, order)


def segment_broadcast(
    values: Float[Tensor, "segments *channels"],
    ptr: Int[Tensor, " segments_plus_1"],
    order: Int[Tensor, " items"] | None = None,
    items: int | None = None,
) -> Float[Tensor, "items *channels"]:
    """Give every item the value of its segment."""
    if items is None:
        items = int(ptr[-1]) if order is None else order.shape[0]
    return segment_broadcast_reference(values, ptr, order, items)
