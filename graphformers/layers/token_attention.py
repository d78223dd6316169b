"""Three attentions through a few learned tokens: read, mix, write."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import ConfigError
from graphformers.layers.padded_rows import PaddedRows


@final
class TokenAttention(nn.Module):
    r"""Every graph is read into learned tokens, these attend to one another, nodes read them back.

    .. math::
        T = A_1(Q, x, x), \qquad T' = A_2(T, T, T), \qquad y = A_3(x, T', T')

    with a multi-head attention :math:`A(\text{query}, \text{key}, \text{value})` of its own for
    every step. Cost and memory grow with ``nodes x tokens``.

    Source: Liu et al. 2025, arXiv:2512.10227, as in the published model of large surfaces.
    """

    def __init__(self, dim: int, *, heads: int, tokens: int, dropout: float = 0.0):
        super().__init__()
        if dim % heads:
            raise ConfigError(f"dim must be a multiple of heads; got dim {dim}, heads {heads}")
        self.token_query = nn.Parameter(torch.randn(tokens, dim))
        self.read, self.mix, self.write = (
            nn.MultiheadAttention(dim, heads, dropout=dropout, batch_first=True) for _ in range(3)
        )

    def forward(
        self, x: Float[Tensor, "nodes dim"], rows: PaddedRows
    ) -> Float[Tensor, "nodes dim"]:
        """Mix the nodes of each graph; ``rows = PaddedRows(ptr, num_nodes)``."""
        padded = rows.pad(x)
        free = None if rows.mask is None else ~rows.mask
        query = self.token_query.expand(rows.num_graphs, -1, -1)
        tokens, _ = self.read(query, padded, padded, key_padding_mask=free, need_weights=False)
        tokens, _ = self.mix(tokens, tokens, tokens, need_weights=False)
        written, _ = self.write(padded, tokens, tokens, need_weights=False)
        return rows.unpad(written)
