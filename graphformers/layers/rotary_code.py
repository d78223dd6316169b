"""Rotary position codes: queries and keys turned by angles that grow with the position."""

from collections.abc import Sequence
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from graphformers.errors import ConfigError
from graphformers.layers.exact_buffers import ExactBuffers
from graphformers.layers.precision import at_least_float32


class Rotation(NamedTuple):
    """By how much every token turns each of its pairs; worked out once, used by all layers."""

    cos: Float[Tensor, "... pairs"]
    sin: Float[Tensor, "... pairs"]


@final
class RotaryCode(ExactBuffers):
    r"""Angles linear in the position, one for every pair of numbers in a head.

    .. math:: \theta = W x, \qquad
        (u_{2i}, u_{2i+1}) \leftarrow (u_{2i} \cos\theta_i - u_{2i+1} \sin\theta_i,\;
                                       u_{2i} \sin\theta_i + u_{2i+1} \cos\theta_i)

    Queries and keys turned like this have products that depend on the difference of their
    positions only. Every row of ``wave_vectors`` :math:`W` is one wave through space; zeros leave a
    pair as it is. ``along_axes`` makes the usual waves, each of which runs along one axis. No
    parameters; the waves are not saved.

    Source: Su et al. 2021, arXiv:2104.09864; in space as in Alkin et al. 2025, arXiv:2502.09692.
    """

    wave_vectors: Float[Tensor, "pairs space"]

    def __init__(self, wave_vectors: Float[Tensor, "pairs space"]):
        super().__init__()
        waves = wave_vectors.to(torch.get_default_dtype())
        self.register_buffer("wave_vectors", waves, persistent=False)

    @classmethod
    def along_axes(
        cls, frequencies: Sequence[Float[Tensor, " _"]], pairs: int | None = None
    ) -> "RotaryCode":
        """Waves along the first axis, then along the second, ...; ``pairs`` in all, the rest zero.

        ``frequencies`` has one tensor for every axis, in radians per unit of length.
        """
        waves = torch.block_diag(*[one.to(torch.float64)[:, None] for one in frequencies])
        unused = 0 if pairs is None else pairs - waves.shape[0]
        if unused < 0:
            raise ConfigError(f"{waves.shape[0]} waves do not fit into {pairs} pairs")
        return cls(torch.cat([waves, waves.new_zeros(unused, waves.shape[1])]))

    @property
    def head_dim(self) -> int:
        """Width of a head: two numbers for every wave."""
        return 2 * self.wave_vectors.shape[0]

    def forward(self, positions: Float[Tensor, "... space"]) -> Rotation:
        """How far each pair of every token turns, in float32 at least."""
        at_least = at_least_float32(positions)
        positions, waves = positions.to(at_least), self.wave_vectors.to(at_least)
        # no matrix product: autocast and TF32 would round angles of hundreds of radians
        angle = (positions[..., None, :] * waves).sum(-1)
        return Rotation(angle.cos(), angle.sin())


def rotate(x: Float[Tensor, "... heads dim"], rotation: Rotation) -> Float[Tensor, "... heads dim"]:
    """Turn neighbouring numbers (2i, 2i + 1) of every head, all heads alike.

    Computed in the precision of the rotation and returned in that of ``x``. Differentiable to any
    order in ``x`` and in the positions.
    """
    cos, sin = (one.unsqueeze(-2) for one in rotation)
    pairs = x.to(cos.dtype).unflatten(-1, (-1, 2))
    if torch.compiler.is_compiling():  # which fuses real numbers, but not complex ones
        even, odd = pairs.unbind(-1)
        turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1)
    else:
        turned = torch.view_as_real(torch.view_as_complex(pairs) * torch.complex(cos, sin))
    return turned.flatten(-2).to(x.dtype)
