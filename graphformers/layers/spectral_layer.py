"""Linear maps between functions on a regular grid that act on their lowest Fourier modes."""

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias, final, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import ConfigError, ShapeError

Transform = Literal["fft", "matrix"]
Kept: TypeAlias = tuple[int, int]  # frequencies from 0 up and from -1 down


@final
class SpectralLayer(nn.Module):
    r"""Multiply every low Fourier mode of a function by a complex matrix of its own.

    .. math::
        y(t) = \frac{1}{P} \sum_k e^{2 \pi i k \cdot t}\, R_k
            \sum_{t'} e^{-2 \pi i k \cdot t'}\, x(t')
        \qquad -m_a \le k_a < m_a,\quad 0 \le k_{\mathrm{last}} < m_{\mathrm{last}}

    over the :math:`P` points :math:`t` of the unit box, real part, with the conjugate of every mode
    added. Space has as many axes as ``modes``. The matrices act on functions, not on numbers, so a
    layer may be used at another resolution; a grid too coarse for all modes uses those it has.

    ``transform`` is how it is computed, not what: ``"fft"``, or ``"matrix"``, the sums as products
    with sines and cosines, which has no complex numbers for an exporter to stumble over. Half
    precision is computed in single. The matrices are stored as pairs of real numbers and start,
    both parts, uniform in [0, ``initial_scale``), by default one over both widths.

    ``overwrite_overlap`` reproduces published programs where a grid has fewer than ``2 m`` points
    along an axis other than the last: modes that both signs claim there go to the negative one.

    Source: Li et al. 2021, arXiv:2010.08895.
    """

    def __init__(
        self,
        dim_in: int,
        dim_out: int,
        modes: Sequence[int],
        *,
        transform: Transform = "fft",
        overwrite_overlap: bool = False,
        initial_scale: float | None = None,
    ):
        super().__init__()
        if not modes or min(modes) < 1 or min(dim_in, dim_out) < 1:
            raise ConfigError(
                f"widths and modes must be at least 1; got {dim_in}, {dim_out} and {tuple(modes)}"
            )
        if transform not in get_args(Transform):
            raise ConfigError(f"transform must be fft or matrix; got {transform!r}")
        self.modes = tuple(modes)
        self.transform = transform
        self.overwrite_overlap = overwrite_overlap
        self.initial_scale = 1 / (dim_in * dim_out) if initial_scale is None else initial_scale
        signed = [2 * count for count in self.modes[:-1]]  # frequencies 0, 1, ..., -2, -1
        self.weight = nn.Parameter(torch.empty(*signed, self.modes[-1], dim_in, dim_out, 2))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the matrices anew."""
        nn.init.uniform_(self.weight, 0, self.initial_scale)

    def forward(self, x: Float[Tensor, "*cases_grid dim_in"]) -> Float[Tensor, "*cases_grid out"]:
        """Map functions given by their values: any leading axes, then the grid, then channels."""
        space, dim_in = len(self.modes), self.weight.shape[-3]
        if x.ndim <= space or x.shape[-1] != dim_in:
            raise ShapeError(
                f"x must have {space} grid axes, then {dim_in} channels; got {tuple(x.shape)}"
            )
        grid = x.shape[-1 - space : -1]
        weight = self.weight.to(torch.promote_types(self.weight.dtype, torch.float32))
        flat = x.to(weight.dtype).reshape(-1, *grid, dim_in)
        kept = [*map(self._kept, grid[:-1], self.modes)]
        kept.append((min(self.modes[-1], grid[-1] // 2 + 1), 0))
        fast = self.transform == "fft"
        spectrum = (_to_modes_fast if fast else _to_modes)(flat, kept)
        mapped = _multiply(spectrum, _matrices(weight, kept))
        values = (_from_modes_fast if fast else _from_modes)(mapped, grid, kept)
        return values.reshape(*x.shape[:-1], -1).to(x.dtype)

    def _kept(self, points: int, modes: int) -> Kept:
        if self.overwrite_overlap:
            negative = min(modes, points)
            return min(modes, points - negative), negative
        return min(modes, (points + 1) // 2), min(modes, points // 2)

    def extra_repr(self) -> str:
        """Sizes, for printing."""
        dim_in, dim_out = self.weight.shape[-3:-1]
        return f"{dim_in}, {dim_out}, modes={self.modes}, transform={self.transform!r}"


def _matrices(
    weight: Float[Tensor, "*modes dim_in dim_out 2"], kept: Sequence[Kept]
) -> Float[Tensor, "*kept dim_in dim_out 2"]:
    """The matrices of the frequencies that the grid has."""
    for axis, (above, below) in enumerate(kept):
        weight = _both_ends(weight, axis, above, below)
    return weight


def _multiply(
    spectrum: Float[Tensor, "*modes cases dim_in 2"],
    matrices: Float[Tensor, "*modes dim_in dim_out 2"],
) -> Float[Tensor, "*modes cases dim_out 2"]:
    """Complex products written as real ones, twice as wide and high."""
    turned = torch.stack([-matrices[..., 1], matrices[..., 0]], dim=-1)  # times i
    both = torch.stack([matrices, turned], dim=-3).flatten(-2).flatten(-3, -2)
    return (spectrum.flatten(-2) @ both).unflatten(-1, (-1, 2))


def _to_modes(
    x: Float[Tensor, "cases *grid dim"], kept: Sequence[Kept]
) -> Float[Tensor, "*modes cases dim 2"]:
    space = len(kept)
    turns = [_turns(points, *both, x) for points, both in zip(x.shape[1:-1], kept, strict=True)]
    spectrum = _contract(x, [space], turns[-1][:, 0], [0])
    for axis in reversed(range(space - 1)):
        spectrum = _contract(spectrum, [axis + 1, -1], turns[axis], [0, 1])
    modes = range(space + 1, 1, -1)  # the last axis of the grid came first
    return spectrum.permute(*modes, 0, 1, -1)


def _from_modes(
    spectrum: Float[Tensor, "*modes cases dim 2"], grid: Sequence[int], kept: Sequence[Kept]
) -> Float[Tensor, "cases *grid dim"]:
    turns = [_turns(points, *both, spectrum) for points, both in zip(grid, kept, strict=True)]
    for points, turn in zip(grid[:-1], turns[:-1], strict=True):
        spectrum = _contract(spectrum, [0, -1], turn / points, [2, 3])
    mode = torch.arange(kept[-1][0], device=spectrum.device)
    alone = (mode == 0) | (2 * mode == grid[-1])  # is its own conjugate
    share = (2 - alone.to(spectrum.dtype)) / grid[-1]
    back = turns[-1][:, 0] * share[:, None]
    return _contract(spectrum, [0, -1], back, [1, 2]).movedim(1, -1)


def _turns(
    points: int, above: int, below: int, like: Tensor
) -> Float[Tensor, "points 2 frequencies 2"]:
    """Product with exp(-2 pi i k t) as a real matrix from (real, imaginary) to the same.

    Transposed, it is the product with the conjugate.
    """
    frequency = torch.cat([torch.arange(above), torch.arange(-below, 0)])
    turn = torch.arange(points)[:, None] * frequency % points  # whole turns left out exactly
    angle = turn.to(torch.float64) * (2 * math.pi / points)
    cos, sin = angle.cos(), angle.sin()
    real, imaginary = torch.stack([cos, -sin], dim=-1), torch.stack([sin, cos], dim=-1)
    return torch.stack([real, imaginary], dim=1).to(like)


def _contract(first: Tensor, axes: list[int], second: Tensor, others: list[int]) -> Tensor:
    """Sum of products over axes; what is left of ``second`` comes last."""
    return torch.tensordot(first, second, dims=(axes, others))  # pyright: ignore[reportArgumentType]


def _to_modes_fast(
    x: Float[Tensor, "cases *grid dim"], kept: Sequence[Kept]
) -> Float[Tensor, "*modes cases dim 2"]:
    space = len(kept)
    spectrum = torch.fft.rfftn(x, dim=tuple(range(1, space + 1)))
    for axis, (above, below) in enumerate(kept):
        spectrum = _both_ends(spectrum, axis + 1, above, below)
    return torch.view_as_real(spectrum.movedim(0, -2))


def _from_modes_fast(
    spectrum: Float[Tensor, "*modes cases dim 2"], grid: Sequence[int], kept: Sequence[Kept]
) -> Float[Tensor, "cases *grid dim"]:
    spectrum = torch.view_as_complex(spectrum.contiguous()).movedim(-2, 0)
    for axis, (points, (above, below)) in enumerate(zip(grid[:-1], kept[:-1], strict=True), 1):
        shape = list(spectrum.shape)
        shape[axis] = points - above - below
        ends = spectrum.narrow(axis, 0, above), spectrum.narrow(axis, above, below)
        spectrum = torch.cat([ends[0], spectrum.new_zeros(shape), ends[1]], dim=axis)
    return torch.fft.irfftn(spectrum, s=tuple(grid), dim=tuple(range(1, len(grid) + 1)))


def _both_ends(values: Tensor, axis: int, above: int, below: int) -> Tensor:
    """The first ``above`` and the last ``below`` along an axis."""
    first = values.narrow(axis, 0, above)
    if not below:
        return first
    return torch.cat([first, values.narrow(axis, values.shape[axis] - below, below)], dim=axis)
