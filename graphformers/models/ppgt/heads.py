"""What PPGT predicts: one configuration per kind of head."""

from dataclasses import dataclass
from typing import final, get_args

from graphformers.errors import ConfigError
from graphformers.layers.gelu_heads import GELUGraphHead, GELUNodeHead
from graphformers.layers.heads import Pool


@final
@dataclass(frozen=True, kw_only=True)
class GELUGraphHeadConfig:
    """Pool each graph, then a GELU MLP: the ``linear_graph`` head."""

    out: int
    pool: Pool
    layers: int = 2
    dropout: float = 0.0
    batch_norm: bool = False

    def __post_init__(self) -> None:
        _check(self.out, self.layers, self.dropout)
        if self.pool not in get_args(Pool):
            raise ConfigError(f"pool must be one of {', '.join(get_args(Pool))}; got {self.pool!r}")

    def build(self, dim: int) -> GELUGraphHead:
        """The head behind layers of the given width."""
        return GELUGraphHead(
            dim,
            self.out,
            pool=self.pool,
            layers=self.layers,
            dropout=self.dropout,
            batch_norm=self.batch_norm,
        )


@final
@dataclass(frozen=True, kw_only=True)
class GELUNodeHeadConfig:
    """A GELU MLP on every node: the ``linear_node`` head."""

    out: int
    layers: int = 2
    dropout: float = 0.0

    def __post_init__(self) -> None:
        _check(self.out, self.layers, self.dropout)

    def build(self, dim: int) -> GELUNodeHead:
        """The head behind layers of the given width."""
        return GELUNodeHead(dim, self.out, layers=self.layers, dropout=self.dropout)


def _check(out: int, layers: int, dropout: float) -> None:
    if out < 1 or layers < 1:
        raise ConfigError(f"out and layers must be positive; got out {out}, layers {layers}")
    if not 0.0 <= dropout < 1.0:
        raise ConfigError(f"dropout must lie in [0, 1); got {dropout}")
