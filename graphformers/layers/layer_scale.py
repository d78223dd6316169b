"""A learned factor for every channel of a residual branch."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn


@final
class LayerScale(nn.Module):
    r"""Multiply every channel by a learned factor, small at first: deep networks start shallow.

    .. math:: y = \gamma \odot x

    Source: Touvron et al. 2021, arXiv:2103.17239, eq. 3.
    """

    def __init__(self, dim: int, initial: float = 1e-4):
        super().__init__()
        self.scale = nn.Parameter(torch.full((dim,), initial))

    def forward(self, x: Float[Tensor, "*rows dim"]) -> Float[Tensor, "*rows dim"]:
        """Scale the last axis."""
        return x * self.scale


def layer_scale(dim: int, initial: float | None) -> nn.Module:
    """``LayerScale``, or nothing for ``None``."""
    return nn.Identity() if initial is None else LayerScale(dim, initial)
