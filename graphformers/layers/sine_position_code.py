"""Coordinates as sines and cosines of falling frequency."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from graphformers.errors import ConfigError
from graphformers.layers.exact_buffers import ExactBuffers
from graphformers.layers.precision import at_least_float32

LONGEST = 10_000.0  # ratio of the longest wave to the shortest


def wave_frequencies(
    dim: int, coordinates: int, longest: float = LONGEST
) -> Float[Tensor, " waves"]:
    r"""Frequencies of each coordinate when ``dim`` numbers hold sine and cosine of all of them.

    .. math:: \omega_j = L^{-2j/e}, \qquad j = 0 \dots e/2 - 1

    with :math:`e` the largest even number for which ``coordinates`` times :math:`e` fit into
    ``dim``. Raises ``ConfigError`` when not even one wave fits.
    """
    waves = dim // (2 * coordinates)
    if waves < 1:
        raise ConfigError(f"{coordinates} coordinates need at least {2 * coordinates}; got {dim}")
    return longest ** (-torch.arange(waves, dtype=torch.float64) / waves)


@final
class SinePositionCode(ExactBuffers):
    r"""Sines and cosines of every coordinate, then zeros up to ``dim``.

    .. math:: F(x) = \bigl[\sin(x_c\,\omega_j)_j,\ \cos(x_c\,\omega_j)_j\bigr]_{c=1..n},\ 0

    with the frequencies of ``wave_frequencies``. The shortest wave is :math:`2\pi` long and the
    longest nearly 10,000 times that: coordinates should fill hundreds. No parameters.

    Source: Alkin et al. 2025, arXiv:2502.09692, after Vaswani et al. 2017, arXiv:1706.03762. Ours
    takes negative coordinates too.
    """

    frequencies: Float[Tensor, " waves"]

    def __init__(self, space: int, dim: int):
        super().__init__()
        self.dim = dim
        self.padding = dim - 2 * space * (dim // (2 * space))
        frequencies = wave_frequencies(dim, space).to(torch.get_default_dtype())
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, positions: Float[Tensor, "points space"]) -> Float[Tensor, "points dim"]:
        """Encode positions, in float32 at least."""
        at_least = at_least_float32(positions)
        angle = positions.to(at_least)[..., None] * self.frequencies.to(at_least)
        waves = torch.cat([angle.sin(), angle.cos()], dim=-1).flatten(1)
        return F.pad(waves, (0, self.padding))
