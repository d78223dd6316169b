"""Attention between the patches of a grid, each a function."""

from typing import final

from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


@final
class PatchAttention(nn.Module):
    r"""Patches attend to each other as functions, by inner products in L2.

    .. math::
        y_P = W_o \sum_Q \mathrm{softmax}_Q\bigl(\langle q_P, k_Q \rangle\bigr)\, v_Q, \qquad
        \langle q, k \rangle = a \sum_t q(t) \cdot k(t)

    in every head, with the area :math:`a` of a grid point, the whole grid being 1: the logits do
    not depend on the resolution. ``query_key_value`` maps every patch to three functions ``dim``
    wide, point by point or with its Fourier modes. Channel ``c heads + h`` is channel ``c`` of head
    ``h``.

    Source: Calvello et al. 2024, arXiv:2406.06486.
    """

    def __init__(self, query_key_value: nn.Module, *, dim: int, heads: int, dropout: float):
        super().__init__()
        self.query_key_value = query_key_value
        self.heads = heads
        self.dropout = dropout
        self.output = nn.Linear(dim, dim)

    def forward(
        self, x: Float[Tensor, "cases patches rows columns dim"]
    ) -> Float[Tensor, "cases patches rows columns dim"]:
        """Attend within each case."""
        _, patches, rows, columns, _ = x.shape
        query, key, value = rearrange(
            self.query_key_value(x),
            "cases p r c (three k heads) -> three cases heads p (r c k)",
            three=3,
            heads=self.heads,
        )
        attended = scaled_dot_product_attention(
            query,
            key,
            value,
            dropout_p=self.dropout if self.training else 0.0,
            scale=1 / (patches * rows * columns),
        )
        side_by_side = "cases heads p (r c k) -> cases p r c (k heads)"
        return self.output(rearrange(attended, side_by_side, r=rows, c=columns))
