"""Softmax over segments."""

from jaxtyping import Float, Int
from torch import Tensor

from graphformers.kernels.softmax.reference import segment_softmax_reference


def segment_softmax(
    values: Float[Tensor, "items *channels"],
    ptr: Int[Tensor, " segments_plus_1"],
    order: Int[Tensor, " items"] | None = None,
) -> Float[Tensor, "items *channels"]:
    """Softmax over every segment, per trailing channel."""
    return segment_softmax_reference(values, ptr, order)
