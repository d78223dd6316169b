"""Attention that is linear in the nodes, through random features of the softmax."""

import math
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from graphformers.errors import ConfigError, ShapeError
from graphformers.layers.global_layer import GlobalLayer, GraphLayout
from graphformers.layers.padded_rows import PaddedRows
from graphformers.layers.ragged_rows import RaggedRows

FEATURE_EPSILON = 1e-4


@final
class PerformerAttention(GlobalLayer):
    r"""Self-attention inside each graph whose softmax is replaced by positive random features.

    .. math::
        \varphi(u)_r &= \tfrac{1}{\sqrt{R}} \Bigl(\exp\bigl(\omega_r \cdot \hat u
            - \tfrac12 \|\hat u\|^2 - s\bigr) + 10^{-4}\Bigr), \qquad \hat u = u / d_h^{1/4} \\
        y_i &= W_o \frac{\varphi(q_i) \cdot \sum_j \varphi(k_j)\, v_j^\top}
                        {\varphi(q_i) \cdot \sum_j \varphi(k_j)}

    The :math:`R` rows of :math:`\omega` are orthogonal in blocks of :math:`d_h` and as long as
    Gaussian vectors: a buffer, drawn at construction and again only by ``redraw``. The constant
    :math:`s` keeps the exponential in range: the largest :math:`\omega \cdot \hat u` of a query
    over the features, and of all keys of a graph.

    ``PaddedRows`` computes all graphs at once; ``RaggedRows`` one after the other and pads nothing:
    for graphs that are large or very unequal. ``head_dim`` does not depend on ``dim``; queries,
    keys and values have no bias. Dropout is on the output.

    ``count_padding`` lets the empty places of a padded table, whose keys are zero, count in the
    denominator, so that a prediction depends on the graphs beside it. Published models were trained
    with it.

    Source: Choromanski et al. 2021, arXiv:2009.14794 (FAVOR+), with the widths and constants of the
    implementation that Rampášek et al. 2022, arXiv:2205.12454, use.
    """

    projection: Tensor

    def __init__(
        self,
        dim: int,
        heads: int,
        *,
        head_dim: int = 64,
        features: int | None = None,
        dropout: float = 0.0,
        count_padding: bool = False,
    ):
        super().__init__()
        features = int(head_dim * math.log(head_dim)) if features is None else features
        if heads < 1 or head_dim < 1 or features < 1:
            raise ConfigError(
                "heads, head_dim and features must be positive; "
                f"got heads {heads}, head_dim {head_dim}, features {features}"
            )
        self.heads = heads
        self.count_padding = count_padding
        self.query_key_value = nn.Linear(dim, 3 * heads * head_dim, bias=False)
        self.output = nn.Linear(heads * head_dim, dim)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("projection", orthogonal_gaussian(features, head_dim))

    @torch.no_grad()
    def redraw(self) -> None:
        """Draw other random features from torch's generator."""
        fresh = orthogonal_gaussian(*self.projection.shape)
        self.projection.copy_(fresh)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        graphs: GraphLayout,
        bias: Float[Tensor, "..."] | None = None,
    ) -> Float[Tensor, "nodes dim"]:
        """Attend; raises ``ConfigError`` for a bias, which features of single nodes cannot have."""
        if bias is not None:
            raise ConfigError("Performer attention has no logits that a bias could be added to")
        projected = self.query_key_value(x).unflatten(1, (3, self.heads, -1))
        if isinstance(graphs, PaddedRows):
            attended = graphs.unpad(self._padded(graphs.pad(projected), graphs.mask))
        elif isinstance(graphs, RaggedRows) and not self.count_padding:
            parts = [self._padded(part[None], None)[0] for part in graphs.split(projected)]
            attended = torch.cat(parts)
        else:
            allowed = "PaddedRows" if self.count_padding else "PaddedRows or RaggedRows"
            raise ShapeError(
                f"this Performer attention takes {allowed}; got {type(graphs).__name__}"
            )
        return self.dropout(self.output(attended.flatten(1)))

    def _padded(
        self,
        projected: Float[Tensor, "graphs longest 3 heads head_dim"],
        mask: Bool[Tensor, "graphs longest"] | None,
    ) -> Float[Tensor, "graphs longest heads head_dim"]:
        query, key, value = projected.transpose(1, 3).unbind(2)  # (graphs, heads, longest, dim)
        query, key = self._query_features(query), self._key_features(key, mask)
        weight = query @ key.sum(dim=2).unsqueeze(3)
        return (query @ (key.mT @ value) / weight).transpose(1, 2)

    def _query_features(self, query: Tensor) -> Tensor:
        logit, half = self._logits(query)
        return self._positive(logit - half - logit.amax(dim=-1, keepdim=True).detach())

    def _key_features(self, key: Tensor, mask: Tensor | None) -> Tensor:
        logit, half = self._logits(key)
        if key.shape[2] == 0:
            return logit
        if mask is None or self.count_padding:
            return self._positive(logit - half - logit.amax(dim=(-1, -2), keepdim=True).detach())
        absent = ~mask[:, None, :, None]
        largest = logit.masked_fill(absent, -torch.inf).amax(dim=(-1, -2), keepdim=True)
        features = self._positive((logit - half - largest.detach()).masked_fill(absent, 0.0))
        return features.masked_fill(absent, 0.0)

    def _logits(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        scaled = rows * rows.shape[-1] ** -0.25
        return scaled @ self.projection.T, scaled.square().sum(dim=-1, keepdim=True) / 2

    def _positive(self, exponent: Tensor) -> Tensor:
        return (exponent.exp() + FEATURE_EPSILON) * self.projection.shape[0] ** -0.5


def orthogonal_gaussian(rows: int, dim: int) -> Float[Tensor, "rows dim"]:
    """Rows in orthogonal blocks of ``dim``, each as long as a Gaussian vector of that dimension."""
    blocks = [torch.linalg.qr(torch.randn(dim, dim)).Q.T for _ in range(-(-rows // dim))]
    return torch.cat(blocks)[:rows] * torch.randn(rows, dim).norm(dim=1, keepdim=True)
