"""Attention by the distance between query and key."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import ConfigError
from graphformers.kernels import SparsePattern, sparse_attention
from graphformers.layers.truncated_normal import truncated_normal_


@final
class SquaredDistanceAttention(nn.Module):
    r"""Multi-head self-attention that looks for the nearest keys, with a bias and a gate per pair.

    .. math::
        l_{ij} &= \frac{q_i \cdot k_j - \tfrac12 \|k_j\|^2}{\sqrt{d_h}} + b_{ij} \\
        y_i &= W_o \sum_j \mathrm{softmax}_j(l_{ij})\, g_{ij}\, v_j

    The logit is :math:`-\|q_i - k_j\|^2 / 2 \sqrt{d_h}` less what a row has in common.
    ``scale_dot=False`` does not divide :math:`q_i \cdot k_j` by :math:`\sqrt{d_h}`, as the
    authors' program does. The gate multiplies the weights after the softmax, so a row no longer
    sums to 1: what universal relative encodings need. Dropout comes last.

    Pairs outside ``pattern`` are not attended to; ``SparsePattern.complete(ptr)`` has all inside
    each graph. No table of weights is stored.

    Source: Ma et al. 2025, arXiv:2504.12588, and the program published with it; the gate is that
    of Luo et al. 2022, arXiv:2205.13401 (URPE).
    """

    def __init__(self, dim: int, heads: int, *, dropout: float = 0.0, scale_dot: bool = True):
        super().__init__()
        if heads < 1 or dim % heads:
            raise ConfigError(f"dim must be a multiple of heads; got dim {dim}, heads {heads}")
        self.dim = dim
        self.heads = heads
        self.dropout = dropout
        self.dot_factor = 1.0 if scale_dot else (dim // heads) ** 0.5
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.output = nn.Linear(dim, dim)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw both maps anew."""
        truncated_normal_(self.query_key_value)
        truncated_normal_(self.output)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        pattern: SparsePattern,
        bias: Float[Tensor, "pairs heads"] | None = None,
        gate: Float[Tensor, "pairs heads"] | None = None,
    ) -> Float[Tensor, "nodes dim"]:
        """Attend; ``bias`` and ``gate`` follow the edge order of ``pattern``."""
        query, key, value = self.query_key_value(x).unflatten(-1, (3, self.heads, -1)).unbind(1)
        attended = sparse_attention(
            query if self.dot_factor == 1.0 else query * self.dot_factor,
            key,
            value,
            pattern,
            bias,
            score="l2",
            gate=gate,
            dropout=self.dropout if self.training else 0.0,
        )
        return self.output(attended.flatten(1))
