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
        \varphi(u)_r &= \exp\bigl(\omega_r \cdot \hat u
            - \tfrac12 \|\hat u\|^2 - s\bigr) + 10^{-4}, \qquad \hat u = u / d_h^{1/4} \\
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
    implementation that Rampášek et al. 2022, arXiv:2205.12454, use. Their factor
    :math:`1 / \sqrt{R}` cancels.
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
        """The small constant is added where it is a sum over features or keys, not to each."""
        query, key, value = projected.transpose(1, 3).unbind(2)  # (graphs, heads, longest, dim)
        mask = None if self.count_padding else mask
        keys = key.shape[2] if mask is None else mask.sum(dim=1).to(value)[:, None, None]
        query, key = self._raised(query, -1), self._raised(key, (-1, -2), mask)
        context = key.mT @ value + FEATURE_EPSILON * value.sum(dim=2, keepdim=True)
        total = (key.sum(dim=2) + FEATURE_EPSILON * keys).unsqueeze(3)
        above = query @ context + FEATURE_EPSILON * context.sum(dim=2, keepdim=True)
        below = query @ total + FEATURE_EPSILON * total.sum(dim=2, keepdim=True)
        return (above / below).transpose(1, 2)

    def _raised(
        self, rows: Tensor, over: int | tuple[int, int], mask: Tensor | None = None
    ) -> Float[Tensor, "graphs heads longest features"]:
        """Exponential of every feature, the largest exponent over some axes taken off first."""
        scaled = rows * rows.shape[-1] ** -0.25
        logit = scaled @ self.projection.T
        if mask is not None:
            logit = logit.masked_fill(~mask[:, None, :, None], -torch.inf)
        if logit.numel() == 0:
            return logit
        largest = logit.detach().amax(dim=over, keepdim=True)
        return (logit - (scaled.square().sum(dim=-1, keepdim=True) / 2 + largest)).exp()


def orthogonal_gaussian(rows: int, dim: int) -> Float[Tensor, "rows dim"]:
    """Rows in orthogonal blocks of ``dim``, each as long as a Gaussian vector of that dimension."""
    blocks = [torch.linalg.qr(torch.randn(dim, dim)).Q.T for _ in range(-(-rows // dim))]
    return torch.cat(blocks)[:rows] * torch.randn(rows, dim).norm(dim=1, keepdim=True)
