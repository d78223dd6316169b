"""Attention along edges whose features take part in the score."""

import math
from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import ConfigError
from graphformers.kernels import SparsePattern, segment_logsumexp, sparse_attention


@final
class EdgeAttention(nn.Module):
    r"""Multi-head attention along edges, which gives every edge its score channel by channel.

    .. math::
        s_{ij} &= \frac{q_i \odot k_j}{\sqrt{d_h}} \odot W_e e_{ij}, \qquad
        a_{ij} = \exp \mathrm{clamp}\Bigl(\sum_c s_{ij,c}, \pm\kappa\Bigr) \\
        o_i &= \frac{\sum_{j \to i} a_{ij} v_j}{\sum_{j \to i} a_{ij} + \epsilon}

    ``clamp`` is :math:`\kappa`; the scores that come back are those before it. No map has a bias,
    and a node without incoming edges gets zeros. ``softmax_epsilon`` is :math:`\epsilon`, zero for
    a softmax: the authors add 1e-6, which shrinks a row of weak logits by up to 1.5e-4.

    Source: Dwivedi and Bresson 2020, arXiv:2012.09699, eq. 12 to 14.
    """

    def __init__(self, dim: int, heads: int, *, clamp: float = 5.0, softmax_epsilon: float = 0.0):
        super().__init__()
        if heads < 1 or dim % heads:
            raise ConfigError(f"dim must be a multiple of heads; got dim {dim}, heads {heads}")
        if not softmax_epsilon >= 0:
            raise ConfigError(f"softmax_epsilon must not be negative; got {softmax_epsilon}")
        self.dim, self.heads = dim, heads
        self.clamp, self.softmax_epsilon = clamp, softmax_epsilon
        self.query_key_value = nn.Linear(dim, 3 * dim, bias=False)
        self.edge_map = nn.Linear(dim, dim, bias=False)

    def forward(
        self,
        x: Float[Tensor, "nodes dim"],
        edge: Float[Tensor, "edges dim"],
        pattern: SparsePattern,
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges dim"]]:
        """What every node attends to, and the scores of the edges in the caller's order."""
        query, key, value = self.query_key_value(x).unflatten(-1, (3, self.heads, -1)).unbind(-3)
        attended, score = sparse_attention(
            query * query.shape[-1] ** -0.5,
            key,
            value,
            pattern,
            scale=1.0,
            score="dot_edge",
            edge=self.edge_map(edge).unflatten(-1, (self.heads, -1)),
            clamp=self.clamp,
            return_pairs=True,
        )
        if self.softmax_epsilon > 0:
            attended = attended * self._shrinking(score, pattern).unsqueeze(-1)
        return attended.flatten(1), score.flatten(1)

    def _shrinking(
        self, score: Float[Tensor, "edges heads head_dim"], pattern: SparsePattern
    ) -> Float[Tensor, "nodes heads"]:
        r""":math:`z / (z + \epsilon) = \sigma(\log z - \log\epsilon)` for a denominator z."""
        logit = score.sum(dim=-1).clamp(-self.clamp, self.clamp)
        log_total = segment_logsumexp(logit, pattern.row_ptr, pattern.edge)
        return (log_total - math.log(self.softmax_epsilon)).sigmoid()
