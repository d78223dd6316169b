"""Layer normalisation whose scale and shift may follow a condition."""

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.kernels import segment_broadcast


@final
class AdaptiveLayerNorm(nn.Module):
    r"""Normalise every token, scale and shift it as its condition says, and gate what comes of it.

    .. math:: n = (1 + \gamma(c)) \odot \mathrm{LN}(x) + \beta(c), \qquad
              y = (1 + \alpha(c)) \odot f(n), \qquad
              [\gamma, \beta, \alpha](c) = W\,\mathrm{SiLU}(c) + b

    Without conditions it is plain normalisation with learned scale and shift, and gates nothing.

    Source: Peebles & Xie 2023, arXiv:2212.09748. Their gate is :math:`\alpha` and starts at zero;
    ours is near 1 as long as :math:`W` is small, so that a layer works from its first step.
    """

    def __init__(self, dim: int, *, conditioned: bool, eps: float = 1e-6):
        super().__init__()
        self.norm = nn.LayerNorm(dim, eps=eps, elementwise_affine=not conditioned)
        self.modulation = nn.Linear(dim, 3 * dim) if conditioned else None

    def forward(
        self,
        x: Float[Tensor, "tokens dim"],
        ptr: Int[Tensor, " graphs_plus_1"],
        condition: Float[Tensor, "graphs dim"] | None = None,
    ) -> tuple[Float[Tensor, "tokens dim"], Float[Tensor, "rows dim"] | None]:
        """The normalised tokens, and by how much to multiply what is made of them.

        The factor has a row for every token, or one for all of them.
        """
        x = self.norm(x)
        if self.modulation is None or condition is None:
            return x, None
        change = self.modulation(F.silu(condition))
        if change.shape[0] != 1:
            change = segment_broadcast(change, ptr, items=x.shape[0])
        scale, shift, gate = change.chunk(3, dim=-1)
        return torch.addcmul(shift, x, 1 + scale), 1 + gate
