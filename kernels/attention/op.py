"""Softmax attention over a sparsity pattern."""

from jaxtyping import Float
from torch import Tensor

from graphformers.kernels.attention.reference import sparse_attention_reference
from graphformers.kernels.pattern import SparsePattern


def sparse_attention(
    query: Float[Tensor, "targets heads dim"],
    key: Float[Tensor, "sources heads dim"],
    value: Float[Tensor, "sources heads dim_v"],
    pattern: SparsePattern,
    bias: Float[Tensor, "edges heads"] | None = None,
    scale: float | None = None,
) -> Float[Tensor, "targets heads dim_v"]:
    """Attend along the edges of a pattern."""
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    return sparse_attention_reference(query, key, value, pattern, bias, scale)
