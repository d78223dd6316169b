"""Stochastic depth, graph by graph."""

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from graphformers.errors import ConfigError


@final
class GraphDropPath(nn.Module):
    r"""In training, leave a residual branch out for whole graphs at random.

    .. math:: y_i = \frac{b_{g(i)}}{1 - p}\, x_i, \qquad b_g \sim \mathrm{Bernoulli}(1 - p)

    Source: Huang et al. 2016, arXiv:1603.09382; one coin per graph as in Ma et al. 2025,
    arXiv:2504.12588.
    """

    def __init__(self, dropout: float = 0.0):
        super().__init__()
        if not 0.0 <= dropout < 1.0:
            raise ConfigError(f"dropout must lie in [0, 1); got {dropout}")
        self.dropout = dropout

    def forward(
        self, x: Float[Tensor, "nodes dim"], ptr: Int[Tensor, " graphs_plus_1"]
    ) -> Float[Tensor, "nodes dim"]:
        """Drop the branch ``x`` of some graphs."""
        if not self.training or self.dropout == 0.0:
            return x
        keep = 1.0 - self.dropout
        coins = torch.rand(ptr.shape[0] - 1, 1, device=x.device) < keep
        factor = coins.to(x.dtype) / keep
        return x * factor.repeat_interleave(ptr.diff(), dim=0, output_size=x.shape[0])
