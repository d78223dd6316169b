"""Linear maps between functions on a regular grid that act on their lowest Fourier modes."""

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias, final, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import ConfigError, ShapeError
from graphformers.layers.precision import at_least_float32

Transform = Literal["matrix", "fft"]
Kept: TypeAlias = tuple[int, int]  # frequencies from 0 up and from -1 down
_FEW = 1 << 13  # points times modes up to which the axes are summed over as one


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

    ``transform`` is how it is computed, not what: ``"matrix"``, the sums as products with sines and
    cosines, exports and is the faster one, or ``"fft"``, for more modes than a few dozen an axis.
    Half precision is computed in single. The matrices are stored as pairs of real numbers and
    start, both parts, uniform in [0, ``initial_scale``), by default one over both widths.

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
        transform: Transform = "matrix",
        overwrite_overlap: bool = False,
        initial_scale: float | None = None,
    ):
        super().__init__()
        if not modes or min(modes) < 1 or min(dim_in, dim_out) < 1:
            raise ConfigError(
                f"widths and modes must be at least 1; got {dim_in}, {dim_out} and {tuple(modes)}"
            )
        if transform not in get_args(Transform):
            raise ConfigError(f"transform must be matrix or fft; got {transform!r}")
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
        weight = self.weight.to(at_least_float32(self.weight))
        flat = x.to(weight.dtype).reshape(-1, *grid, dim_in)
        kept = [*map(self._kept, grid[:-1], self.modes)]
        kept.append((min(self.modes[-1], grid[-1] // 2 + 1), 0))
        matrices = _matrices(weight, kept)
        if self.transform == "fft":
            spectrum = _multiply(_fast_to_modes(flat, kept), matrices)
            values = _fast_from_modes(spectrum, grid, kept)
        else:
            few = math.prod(grid) * matrices.shape[0] <= _FEW
            waves = _Waves(grid, kept, flat, as_one=few)
            values = waves.from_modes(_multiply(waves.to_modes(flat), matrices))
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


class _Waves:
    """Sines and cosines of every axis, or of all axes as one, as matrices.

    A turn (frequencies, 2, points, 2) is the product with exp(-2 pi i k t) as a real matrix from
    (real, imaginary) to the same; transposed, it is the product with the conjugate.
    """

    def __init__(self, grid: Sequence[int], kept: Sequence[Kept], like: Tensor, *, as_one: bool):
        self.grid = tuple(grid)
        angles = [_angles(*one) for one in zip(grid, kept, strict=True)]
        mode = torch.arange(kept[-1][0])
        alone = (mode == 0) | (2 * mode == grid[-1])  # is its own conjugate
        share = (2 - alone.to(torch.float64)) / math.prod(grid)
        if as_one:
            angle = angles[0]
            for other in angles[1:]:
                angle = (angle[:, None, :, None] + other[:, None]).flatten(2).flatten(0, 1)
            angles, share = [angle], share.repeat(angle.shape[0] // share.shape[0])
        self.modes = [angle.shape[0] for angle in angles]
        self.points = [angle.shape[1] for angle in angles]
        *self.turns, last = [_turn(angle).to(like) for angle in angles]
        self.forth = last[..., 0].transpose(0, 1).flatten(0, 1)
        self.back = (last[..., 0] * share.to(like)[:, None, None]).transpose(0, 1).flatten(0, 1).T

    def to_modes(self, x: Float[Tensor, "cases *grid dim"]) -> Float[Tensor, "modes cases 2 dim"]:
        """The spectrum; a pair of real numbers stands before what is already transformed."""
        x = x.reshape(x.shape[0], *self.points, -1)
        spectrum = (self.forth @ x).unflatten(-2, (2, -1))
        for axis in range(len(self.turns), 0, -1):
            spectrum = _turned(spectrum, self.turns[axis - 1].flatten(2).flatten(0, 1), axis)
            spectrum = spectrum.movedim(axis + 1, axis)
        return spectrum.flatten(2, -2).movedim(2, 0)

    def from_modes(
        self, spectrum: Float[Tensor, "modes cases 2 dim"]
    ) -> Float[Tensor, "cases *grid dim"]:
        """Real functions from half of their spectrum."""
        spectrum = spectrum.movedim(0, 2).unflatten(2, self.modes)
        for axis, turn in enumerate(self.turns, 1):
            spectrum = spectrum.movedim(axis, axis + 1)
            spectrum = _turned(spectrum, turn.flatten(2).flatten(0, 1).T, axis)
        values = self.back @ spectrum.flatten(-3, -2)
        return values.reshape(-1, *self.grid, values.shape[-1])


def _angles(points: int, kept: Kept) -> Float[Tensor, "frequencies points"]:
    above, below = kept
    frequency = torch.cat([torch.arange(above), torch.arange(-below, 0)])
    turn = frequency[:, None] * torch.arange(points) % points  # whole turns left out exactly
    return turn.to(torch.float64) * (2 * math.pi / points)


def _turn(angle: Float[Tensor, "frequencies points"]) -> Tensor:
    cos, sin = angle.cos(), angle.sin()
    real, imaginary = torch.stack([cos, sin], dim=-1), torch.stack([-sin, cos], dim=-1)
    return torch.stack([real, imaginary], dim=1)


def _turned(pairs: Tensor, turn: Float[Tensor, "out in"], axis: int) -> Tensor:
    """The product over an axis and the real and imaginary parts that stand behind it."""
    rest = pairs.shape[axis + 2 :]
    flat = pairs.flatten(axis + 2).flatten(axis, axis + 1)
    return (turn @ flat).unflatten(axis, (-1, 2)).unflatten(-1, rest)


def _matrices(
    weight: Float[Tensor, "*modes dim_in dim_out 2"], kept: Sequence[Kept]
) -> Float[Tensor, "kept 2*dim_in 2*dim_out"]:
    """Those of the frequencies that the grid has, as real matrices twice as wide and high."""
    for axis, (above, below) in enumerate(kept):
        weight = _both_ends(weight, axis, above, below)
    turned = torch.stack([-weight[..., 1], weight[..., 0]], dim=-1)  # times i
    both = torch.stack([weight, turned], dim=len(kept)).movedim(-1, -2)
    return both.flatten(-2).flatten(-3, -2).flatten(0, -3)


def _multiply(
    spectrum: Float[Tensor, "modes cases 2 dim_in"],
    matrices: Float[Tensor, "modes twice_dim_in twice_dim_out"],
) -> Float[Tensor, "modes cases 2 twice_dim_out//2"]:
    return (spectrum.flatten(2) @ matrices).unflatten(-1, (2, -1))


def _fast_to_modes(
    x: Float[Tensor, "cases *grid dim"], kept: Sequence[Kept]
) -> Float[Tensor, "modes cases 2 dim"]:
    spectrum = torch.fft.rfftn(x, dim=tuple(range(1, len(kept) + 1)))
    for axis, (above, below) in enumerate(kept):
        spectrum = _both_ends(spectrum, axis + 1, above, below)
    return torch.view_as_real(spectrum.flatten(1, -2).movedim(0, 1)).movedim(-1, -2)


def _fast_from_modes(
    spectrum: Float[Tensor, "modes cases 2 dim"], grid: Sequence[int], kept: Sequence[Kept]
) -> Float[Tensor, "cases *grid dim"]:
    sizes = [above + below for above, below in kept]
    pairs = spectrum.permute(1, 0, 3, 2).contiguous()
    spread = torch.view_as_complex(pairs).unflatten(1, sizes)
    for axis, (points, (above, below)) in enumerate(zip(grid[:-1], kept[:-1], strict=True), 1):
        shape = list(spread.shape)
        shape[axis] = points - above - below
        ends = spread.narrow(axis, 0, above), spread.narrow(axis, above, below)
        spread = torch.cat([ends[0], spread.new_zeros(shape), ends[1]], dim=axis)
    return torch.fft.irfftn(spread, s=tuple(grid), dim=tuple(range(1, len(grid) + 1)))


def _both_ends(values: Tensor, axis: int, above: int, below: int) -> Tensor:
    """The first ``above`` and the last ``below`` along an axis."""
    first = values.narrow(axis, 0, above)
    if not below:
        return first
    return torch.cat([first, values.narrow(axis, values.shape[axis] - below, below)], dim=axis)
