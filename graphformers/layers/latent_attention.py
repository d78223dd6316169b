"""Attention through a few learned tokens: linear in the number of nodes."""

import math

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from graphformers.errors import ConfigError
from graphformers.layers.padded_rows import PaddedRows


class ProjectionAttention(nn.Module):
    r"""Every graph is read into ``tokens`` learned tokens, which every node then reads back.

    .. math::
        T_m &= \sum_n \mathrm{softmax}_n\bigl(Q_m \cdot k_n / \sqrt{d}\bigr)\, v_n
            \qquad [k, v] = W_1 x \\
        y_n &= W_o \sum_m \mathrm{softmax}_m\bigl(q_n \cdot k'_m / \sqrt{d}\bigr)\, v'_m
            \qquad [k', v'] = W_2 T,\ q = W_3 x

    with one :math:`W_2` for all heads. ``tied`` uses one projection as key and value of the first
    step and leaves out the bias of :math:`W_2`. Cost and memory grow with ``nodes x tokens``; the
    attention weights are never stored.

    Source: Liu et al. 2025, arXiv:2512.10227; tied in the transient models. The published programs
    have no attention among the tokens, although the text describes one; neither has this.
    """

    def __init__(
        self, dim: int, *, heads: int, tokens: int, tied: bool = False, dropout: float = 0.0
    ):
        super().__init__()
        if dim % heads:
            raise ConfigError(f"dim must be a multiple of heads; got dim {dim}, heads {heads}")
        self.heads = heads
        self.tied = tied
        self.dropout = dropout
        head_dim = dim // heads
        self.token_query = nn.Parameter(torch.empty(heads, tokens, head_dim))
        self.node_key_value = nn.Linear(dim, dim if tied else 2 * dim)
        self.token_key_value = nn.Linear(head_dim, 2 * head_dim, bias=not tied)
        self.node_query = nn.Linear(dim, dim)
        self.output = nn.Linear(dim, dim)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the token queries anew: Xavier-uniform when tied, else normal by head width."""
        if self.tied:
            nn.init.xavier_uniform_(self.token_query)
        else:
            nn.init.normal_(self.token_query, std=1 / math.sqrt(self.token_query.shape[-1]))

    def forward(
        self, x: Float[Tensor, "nodes dim"], rows: PaddedRows
    ) -> Float[Tensor, "nodes dim"]:
        """Mix the nodes of each graph; ``rows = PaddedRows(ptr, num_nodes)``."""
        key, value = self._key_value(x, rows)
        query = self.token_query.expand(rows.num_graphs, -1, -1, -1)
        mask = None if rows.mask is None else rows.mask[:, None, None]
        tokens = self._attend(query, key, value, mask)
        token_key, token_value = self.token_key_value(tokens).chunk(2, dim=-1)
        lifted = self._attend(self._heads_first(self.node_query(x), rows), token_key, token_value)
        return self.output(rows.unpad(rearrange(lifted, "b heads n d -> b n (heads d)")))

    def _key_value(self, x: Tensor, rows: PaddedRows) -> tuple[Tensor, Tensor]:
        projected = self.node_key_value(x)
        if self.tied:
            shared = self._heads_first(projected, rows)
            return shared, shared
        key, value = projected.chunk(2, dim=-1)
        return self._heads_first(key, rows), self._heads_first(value, rows)

    def _heads_first(
        self, x: Float[Tensor, "nodes dim"], rows: PaddedRows
    ) -> Float[Tensor, "graphs heads longest head_dim"]:
        return rearrange(rows.pad(x), "b n (heads d) -> b heads n d", heads=self.heads)

    def _attend(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        dropout = self.dropout if self.training else 0.0
        return scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout)
