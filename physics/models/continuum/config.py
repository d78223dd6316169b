"""Sizes of the neural operators with continuum attention."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from graphformers.errors import ConfigError
from graphformers.layers.spectral_layer import Transform
from graphformers.physics.models.task import StaticTask, TransientTask, check_at_least

Quadrature = Literal["always", "line", "never"]
Layout = Literal["auto", "sparse", "padded"]


@dataclass(frozen=True, kw_only=True)
class TransformerNeuralOperatorConfig:
    """Sizes of a ``TransformerNeuralOperator``; ``task`` says what goes in and what comes out.

    ``quadrature`` says where sums over points are weighted as integrals: ``"line"`` in one
    dimension only, as published programs do, ``"never"`` makes it a plain transformer.
    ``attention_dropout`` applies to attention weights; published programs use 0.1 there whatever
    they are told. With ``initial_value`` the first point of a line reads the conditions of the case
    (the initial value of the unknown) through a map of its own, and no other point does.

    ``layout`` is how attention is computed, not what (see ``GraphAttention``): ``"auto"`` takes the
    sparse layout for cases of up to 128 points on a CPU and padding otherwise.
    """

    task: StaticTask | TransientTask = field(default_factory=StaticTask)
    space: int = 1
    dim: int = 128
    heads: int = 8
    layers: int = 6
    feed_forward: int = 128
    dropout: float = 0.0
    attention_dropout: float = 0.0
    quadrature: Quadrature = "always"
    initial_value: bool = False
    layout: Layout = "auto"

    def __post_init__(self) -> None:
        check_at_least(self, **dict.fromkeys(("dim", "heads", "layers", "feed_forward"), 1))
        if self.space not in (1, 2, 3):
            raise ConfigError(f"space must be 1, 2 or 3; got {self.space}")
        if self.dim % self.heads:
            raise ConfigError(f"dim must be a multiple of heads; got {self.dim} and {self.heads}")
        _check_dropout(self.dropout, self.attention_dropout)
        if self.quadrature not in get_args(Quadrature):
            raise ConfigError(f"quadrature must be always, line or never; got {self.quadrature!r}")
        if self.layout not in get_args(Layout):
            raise ConfigError(f"layout must be auto, sparse or padded; got {self.layout!r}")
        if self.initial_value and (self.space != 1 or not self.task.conditions):
            raise ConfigError(
                "initial_value needs space 1 and a task with conditions, the initial value; "
                f"got space {self.space}, {self.task.conditions} conditions"
            )

    @property
    def weighted(self) -> bool:
        """Whether points are weighted by the space they stand for."""
        return self.quadrature == "always" or (self.quadrature == "line" and self.space == 1)

    @classmethod
    def controlled_differential_equation(cls) -> "TransformerNeuralOperatorConfig":
        """Response to a control in time, Calvello et al. 2024, arXiv:2406.06486."""
        return cls(task=StaticTask(), dropout=1e-4, attention_dropout=0.1, quadrature="line")

    @classmethod
    def lorenz_63(cls) -> "TransformerNeuralOperatorConfig":
        """Unobserved coordinate of the Lorenz system, Calvello et al. 2024, arXiv:2406.06486."""
        return cls(
            task=StaticTask(conditions=1),
            dropout=1e-4,
            attention_dropout=0.1,
            quadrature="line",
            initial_value=True,
        )


@dataclass(frozen=True, kw_only=True)
class PatchOperatorConfig:
    """Sizes shared by the operators whose tokens are patches of a regular grid of the plane.

    The grid is cut into ``patches`` (rows, columns) whatever its resolution. ``modes`` are those of
    the spectral layers inside a patch; a patch should have twice as many points along an axis, or
    what the highest ones do at another resolution is not learned. ``smoothing_modes`` adds to the
    output a spectral layer of it over the whole grid; None leaves it out.
    ``overwrite_overlapping_modes`` and ``transform`` are those of ``SpectralLayer``.
    """

    task: StaticTask | TransientTask = field(default_factory=StaticTask)
    space: int = 2
    dim: int = 32
    heads: int = 8
    layers: int = 6
    feed_forward: int = 128
    patches: tuple[int, int] = (13, 13)
    modes: tuple[int, int] = (9, 9)
    smoothing_modes: tuple[int, int] | None = None
    dropout: float = 0.0
    overwrite_overlapping_modes: bool = False
    transform: Transform = "matrix"

    def __post_init__(self) -> None:
        check_at_least(self, **dict.fromkeys(("dim", "heads", "layers", "feed_forward"), 1))
        if self.space != 2:
            raise ConfigError(f"patches are cut from grids of the plane: space 2; got {self.space}")
        if self.dim % self.heads:
            raise ConfigError(f"dim must be a multiple of heads; got {self.dim} and {self.heads}")
        for name in ("patches", "modes", "smoothing_modes"):
            pair = getattr(self, name)
            if pair is not None and (len(pair) != 2 or min(pair) < 1):
                raise ConfigError(f"{name} must be two numbers of at least 1; got {pair}")
        if self.transform not in get_args(Transform):
            raise ConfigError(f"transform must be matrix or fft; got {self.transform!r}")
        _check_dropout(self.dropout)


@dataclass(frozen=True, kw_only=True)
class ViTNeuralOperatorConfig(PatchOperatorConfig):
    """Sizes of a ``ViTNeuralOperator``.

    The published programs smooth always, whatever their own switch says, and so do the presets.
    """

    smoothing_modes: tuple[int, int] | None = (64, 64)

    @classmethod
    def width_32(cls) -> "ViTNeuralOperatorConfig":
        """Darcy and Kolmogorov flow, Calvello et al. 2024, arXiv:2406.06486: width 32."""
        return cls(dim=32, dropout=1e-4, overwrite_overlapping_modes=True)

    @classmethod
    def width_64(cls) -> "ViTNeuralOperatorConfig":
        """The same at width 64."""
        return cls(dim=64, dropout=1e-4, overwrite_overlapping_modes=True)

    @classmethod
    def width_96(cls) -> "ViTNeuralOperatorConfig":
        """The same at width 96."""
        return cls(dim=96, dropout=1e-4, overwrite_overlapping_modes=True)


@dataclass(frozen=True, kw_only=True)
class FourierAttentionNeuralOperatorConfig(PatchOperatorConfig):
    """Sizes of a ``FourierAttentionNeuralOperator``."""

    @classmethod
    def width_32(cls) -> "FourierAttentionNeuralOperatorConfig":
        """Darcy and Kolmogorov flow, Calvello et al. 2024, arXiv:2406.06486: width 32."""
        return cls(dim=32, dropout=1e-4, overwrite_overlapping_modes=True)

    @classmethod
    def width_64(cls) -> "FourierAttentionNeuralOperatorConfig":
        """The same at width 64."""
        return cls(dim=64, dropout=1e-4, overwrite_overlapping_modes=True)

    @classmethod
    def width_96(cls) -> "FourierAttentionNeuralOperatorConfig":
        """The same at width 96."""
        return cls(dim=96, dropout=1e-4, overwrite_overlapping_modes=True)


def _check_dropout(*shares: float) -> None:
    for share in shares:
        if not 0 <= share < 1:
            raise ConfigError(f"dropout must lie in [0, 1); got {share}")
