"""Softmax over segments in plain torch: the definition."""

from torch import Tensor

from graphformers.kernels.segments.reference import segment_of_item, segment_reduce_reference


def segment_softmax_reference(values: Tensor, ptr: Tensor, order: Tensor | None = None) -> Tensor:
    """Softmax of every segment and channel; the maximum is subtracted first."""
    segment = segment_of_item(ptr, order, values.shape[0])
    largest = segment_reduce_reference(values.detach(), ptr, "max", order)
    exponential = (values - largest[segment]).exp()
    return exponential / segment_reduce_reference(exponential, ptr, "sum", order)[segment]
