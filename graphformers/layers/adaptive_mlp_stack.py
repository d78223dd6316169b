"""Residual feed-forward branches one after the other."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.layers.adaptive_mlp import AdaptiveMLP
from graphformers.layers.adaptive_rms_norm import AdaptiveRMSNorm


@final
class AdaptiveMLPStack(nn.Module):
    r"""Refine rows that no attention will touch, such as features of pairs.

    .. math:: x \leftarrow x + \mathrm{MLP}_l(\mathrm{AdaRMSN}(x)) \quad (l = 1, \dots, L),
              \qquad y = \mathrm{AdaRMSN}(x)

    ``norm_first`` normalises once more before the first branch.

    Source: the EdgeFFN of Ma et al. 2025, arXiv:2504.12588.
    """

    def __init__(
        self,
        dim: int,
        layers: int,
        *,
        ratio: int = 2,
        norm_first: bool = False,
        layer_scale_from: float | None = None,
    ):
        super().__init__()
        self.first_norm = AdaptiveRMSNorm(dim) if norm_first else nn.Identity()
        self.branches = nn.ModuleList(
            AdaptiveMLP(dim, ratio=ratio, layer_scale_from=layer_scale_from) for _ in range(layers)
        )
        self.last_norm = AdaptiveRMSNorm(dim)

    def forward(self, x: Float[Tensor, "rows dim"]) -> Float[Tensor, "rows dim"]:
        """Refine every row."""
        x = self.first_norm(x)
        for branch in self.branches:
            x = x + branch(x)
        return self.last_norm(x)
