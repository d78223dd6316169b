"""The feed-forward part of a plain transformer block."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.layers.adaptive_rms_norm import AdaptiveRMSNorm
from graphformers.layers.layer_scale import layer_scale
from graphformers.layers.linear_of import linear_of
from graphformers.layers.truncated_normal import truncated_normal_


@final
class AdaptiveMLP(nn.Module):
    r"""Norm, widen, GELU, narrow: a residual branch on rows of any kind, nodes or pairs.

    .. math:: y = \gamma \odot \bigl(W_2\, \mathrm{GELU}(W_1\, \mathrm{AdaRMSN}(x) + b_1)
              + b_2\bigr)

    The hidden width is ``ratio * dim``; without ``layer_scale``, its initial value,
    :math:`\gamma` is 1. The residual is left to the caller. What the GELU gives is not kept for the
    backward pass when there are many rows (see ``linear_of``).

    Source: Ma et al. 2025, arXiv:2504.12588.
    """

    def __init__(self, dim: int, *, ratio: int = 2, layer_scale_from: float | None = None):
        super().__init__()
        self.norm = AdaptiveRMSNorm(dim)
        self.widen = nn.Linear(dim, ratio * dim)
        self.narrow = nn.Linear(ratio * dim, dim)
        self.scale = layer_scale(dim, layer_scale_from)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw both maps anew."""
        truncated_normal_(self.widen)
        truncated_normal_(self.narrow)

    def forward(self, x: Float[Tensor, "rows dim"]) -> Float[Tensor, "rows dim"]:
        """The branch, to be added to ``x``."""
        wide = self.widen(self.norm(x))
        return self.scale(linear_of(F.gelu, wide, self.narrow.weight, self.narrow.bias))
