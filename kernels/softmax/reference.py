"""Softmax over segments in plain torch: the definition."""

from torch import Tensor

from graphformers.kernels.segments.reference import segment_of_item, segment_reduce_reference


def segment_softmax_reference(values: Tensor, ptr: Tensor, order: Tensor | None = None) -> Tensor:
    """Softmax of every segment and channel; the maximum is subtracted first."""
    segment = segment_of_item(ptr, order, values.shape[0])
    largest = segment_reduce_reference(values.detach(), ptr, "max", order)
    largest = largest.masked_fill(largest.isneginf(), 0)  # a segment that is masked as a whole
    exponential = (values - largest.index_select(0, segment)).exp()
    total = segment_reduce_reference(exponential, ptr, "sum", order)
    return exponential / total.masked_fill(total == 0, 1).index_select(0, segment)


def segment_logsumexp_reference(values: Tensor, ptr: Tensor, order: Tensor | None = None) -> Tensor:
    """Logarithm of the summed exponentials; the maximum is subtracted first."""
    segment = segment_of_item(ptr, order, values.shape[0])
    largest = segment_reduce_reference(values.detach(), ptr, "max", order)
    exponential = (values - largest.index_select(0, segment)).exp()
    return segment_reduce_reference(exponential, ptr, "sum", order).log() + largest
