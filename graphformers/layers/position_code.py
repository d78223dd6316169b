"""Coordinates as waves of doubling frequency."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn


class FourierPositionCode(nn.Module):
    r"""Cosines and sines of every coordinate at doubling frequencies, then the coordinates.

    .. math:: F(x) = \bigl[\cos(\pi 2^i x_c)_{i<K},\ \sin(\pi 2^i x_c)_{i<K}\bigr]_{c=1..d},\ x

    The lowest frequency has period 2: coordinates should fill about [-1, 1]. No parameters.

    Source: Liu et al. 2025, arXiv:2512.10227; the range of ``i`` is that of the published models.
    """

    def __init__(self, space: int, octaves: int):
        super().__init__()
        self.space = space
        self.octaves = octaves

    @property
    def dim(self) -> int:
        """Width of the code: ``2 octaves space + space``."""
        return (2 * self.octaves + 1) * self.space

    def forward(self, positions: Float[Tensor, "nodes space"]) -> Float[Tensor, "nodes dim"]:
        """Encode positions."""
        octave = torch.arange(self.octaves, dtype=positions.dtype, device=positions.device)
        angle = positions[..., None] * (math.pi * 2**octave)
        waves = torch.cat([angle.cos(), angle.sin()], dim=-1)
        return torch.cat([waves.flatten(1), positions], dim=-1)

    def extra_repr(self) -> str:
        """Sizes, for printing."""
        return f"space={self.space}, octaves={self.octaves}"
