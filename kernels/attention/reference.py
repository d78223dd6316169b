"""Sparse attention in plain torch: the definition."""

from torch import Tensor

from graphformers.kernels.pattern import SparsePattern
from graphformers.kernels.softmax.reference import segment_softmax_reference


def sparse_attention_reference(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    pattern: SparsePattern,
    bias: Tensor | None,
    scale: float,
) -> Tensor:
    """Gather, score, softmax over each row, weighted sum; every step keeps an edge-wide tensor."""
    source, target = pattern.source, pattern.target
    logit = scale * (query[target] * key[source]).sum(-1)
    if bias is not None:
        logit = logit + bias[pattern.edge]
    weight = segment_softmax_reference(logit, pattern.row_ptr)
    out = value.new_zeros(pattern.num_targets, *value.shape[1:])
    return out.index_add(0, target, weight.unsqueeze(-1) * value[source])
