"""Numbers to vectors through sines of doubling frequency."""

import math
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from graphformers.layers.linear_of import linear_of


@final
class SinusoidalMLP(nn.Module):
    r"""Every number and its waves at doubling frequencies, through a GELU MLP.

    .. math::
        s(p) &= \bigl[\,p_c,\ \sin(2^l \pi p_c),\ \cos(2^l \pi p_c)\,\bigr]_{l < L,\ c} \\
        y &= W_2\, \mathrm{GELU}\bigl(W_1 s(p) + b_1\bigr) + b_2

    A small change of a walk's probability becomes a large one of its waves. The waves, wider than
    anything else here, are made again in the backward pass (see ``linear_of``).

    Source: Ma et al. 2025, arXiv:2504.12588. Ours has all channels of one frequency side by side,
    where the authors have all frequencies of one channel.
    """

    def __init__(self, count: int, hidden: int, dim: int, *, octaves: int = 3):
        super().__init__()
        self.octaves = octaves
        self.widen = nn.Linear(count * (1 + 2 * octaves), hidden)
        self.output = nn.Linear(hidden, dim)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw both maps anew: Kaiming-uniform, before a GELU and before nothing."""
        for linear, slope in ((self.widen, 0.0), (self.output, 1.0)):
            nn.init.kaiming_uniform_(linear.weight, a=slope)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Float[Tensor, "rows count"]) -> Float[Tensor, "rows dim"]:
        """Encode every row."""
        wide = linear_of(self._waves, x, self.widen.weight, self.widen.bias)
        return linear_of(F.gelu, wide, self.output.weight, self.output.bias)

    def _waves(self, x: Tensor) -> Tensor:
        angle = math.pi * x
        parts = [x]
        for octave in range(self.octaves):
            parts += [(angle * 2**octave).sin(), (angle * 2**octave).cos()]
        return torch.cat(parts, dim=1)
