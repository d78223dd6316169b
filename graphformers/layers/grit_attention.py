"""Attention that reads and writes a vector for every pair of nodes."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.errors import ConfigError
from graphformers.kernels import SparsePattern, sparse_attention
from graphformers.layers.degree_scaler import DegreeScaler
from graphformers.layers.linear_rows import linear_rows


@final
class GRITAttention(nn.Module):
    r"""Multi-head attention whose logits come from the features of pairs, which it updates.

    .. math::
        s_{ij} &= \mathrm{relu}\bigl(\rho\bigl((W_q x_i + W_k x_j) \odot W_w e_{ij}\bigr)
                  + W_b e_{ij}\bigr), \qquad \rho(z) = \mathrm{sign}(z) \sqrt{|z|} \\
        w_{ij} &= \mathrm{softmax}_j\bigl(\mathrm{clamp}(a^\top s_{ij}, \pm 5)\bigr) \\
        x_i' &= x_i + W_o\, \mathrm{scale}_i\Bigl(\sum_j w_{ij} (W_v x_j + M s_{ij})\Bigr), \qquad
        e_{ij}' = e_{ij} + W_e s_{ij}

    for every pair :math:`j \to i` of the pattern, each head with its own :math:`a` and :math:`M`.
    Scaling is that of ``DegreeScaler``.

    Source: Ma et al. 2023, arXiv:2305.17589, eq. 2 to 5. The clamp and the bias of the query alone
    are those of the released model; in ours :math:`\rho` has a slope of zero at zero.
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        *,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        clamp: float = 5.0,
        degree_scaler: bool = True,
    ):
        super().__init__()
        if heads < 1 or dim % heads:
            raise ConfigError(f"dim must be a multiple of heads; got dim {dim}, heads {heads}")
        self.dim, self.heads, self.clamp = dim, heads, clamp
        self.attention_dropout = attention_dropout
        head_dim = dim // heads
        self.query_key_value = nn.Linear(dim, 3 * dim, bias=False)
        self.query_bias = nn.Parameter(torch.empty(dim))
        self.pair_maps = nn.Linear(dim, 2 * dim)
        self.channel_weight = nn.Parameter(torch.empty(heads, head_dim))
        self.pair_value = nn.Parameter(torch.empty(heads, head_dim, head_dim))
        self.degree_scaler = DegreeScaler(dim) if degree_scaler else None
        self.output = nn.Linear(dim, dim)
        self.pair_output = nn.Linear(dim, dim)
        self.dropout = nn.Dropout(dropout)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Xavier's normal distribution for what makes scores and values, as the authors do."""
        for part in (*self.query_key_value.weight.chunk(3), self.pair_maps.weight):
            nn.init.xavier_normal_(part)
        nn.init.uniform_(self.query_bias, -(self.dim**-0.5), self.dim**-0.5)
        nn.init.xavier_normal_(self.channel_weight)
        nn.init.xavier_normal_(self.pair_value)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        pairs: Float[Tensor, "pairs dim"],
        pattern: SparsePattern,
        log_degree: Float[Tensor, " nodes"],
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "pairs dim"]]:
        """New nodes and pairs, not normalised; ``pairs`` follow the pattern's edge order."""
        query, key, value = F.linear(x, self.query_key_value.weight).chunk(3, dim=1)
        own = [self.query_bias, self.channel_weight, self.pair_value]
        bias, channel_weight, pair_value = (one.to(query.dtype) for one in own)  # under autocast
        attended, features = sparse_attention(
            self._split(query + bias),
            self._split(key),
            self._split(value),
            pattern,
            scale=1.0,
            score="signed_sqrt",
            edge=self._split(linear_rows(pairs, self.pair_maps)),
            channel_weight=channel_weight,
            clamp=self.clamp,
            dropout=self.attention_dropout if self.training else 0.0,
            pair_value=pair_value,
            return_pairs=True,
        )
        attended = self.dropout(attended.flatten(1))
        if self.degree_scaler is not None:
            attended = self.degree_scaler(attended, log_degree)
        features = self.dropout(features.flatten(1))
        return x + self.output(attended), linear_rows(features, self.pair_output, pairs)

    def _split(self, rows: Tensor) -> Tensor:
        return rows.unflatten(1, (self.heads, -1))
