"""What a model predicts: one configuration per kind of head."""

from dataclasses import dataclass
from typing import TypeAlias, final, get_args

from graphformers.errors import ConfigError
from graphformers.layers.heads import (
    GraphHead,
    HalvingHead,
    NodeHead,
    PairHead,
    Pool,
    SequenceHead,
)
from graphformers.layers.mlp import Activation


@final
@dataclass(frozen=True, kw_only=True)
class HalvingHeadConfig:
    """Pool each graph, then halve the width twice: the ``san_graph`` head."""

    out: int
    pool: Pool

    def __post_init__(self) -> None:
        _check(self.out, self.pool)

    def build(self, dim: int, activation: Activation) -> HalvingHead:
        """The head behind layers of the given width."""
        return HalvingHead(dim, self.out, pool=self.pool, activation=activation)


@final
@dataclass(frozen=True, kw_only=True)
class GraphHeadConfig:
    """Pool each graph, then an MLP with hidden rows of length 1: GraphGym's ``graph`` head."""

    out: int
    pool: Pool
    layers: int = 1

    def __post_init__(self) -> None:
        _check(self.out, self.pool, self.layers)

    def build(self, dim: int, activation: Activation) -> GraphHead:
        """The head behind layers of the given width; its activation is always ReLU."""
        return GraphHead(dim, self.out, pool=self.pool, layers=self.layers)


@final
@dataclass(frozen=True, kw_only=True)
class NodeHeadConfig:
    """An MLP with hidden rows of length 1 on every node: the ``inductive_node`` head."""

    out: int
    layers: int = 1

    def __post_init__(self) -> None:
        _check(self.out, layers=self.layers)

    def build(self, dim: int, activation: Activation) -> NodeHead:
        """The head behind layers of the given width; its activation is always ReLU."""
        return NodeHead(dim, self.out, layers=self.layers)


@final
@dataclass(frozen=True, kw_only=True)
class SequenceHeadConfig:
    """Pool each graph, then the words of a short sequence: the ``ogb_code_graph`` head."""

    positions: int
    words: int
    pool: Pool

    def __post_init__(self) -> None:
        if self.positions < 1:
            raise ConfigError(f"positions must be at least 1; got {self.positions}")
        _check(self.words, self.pool)

    def build(self, dim: int, activation: Activation) -> SequenceHead:
        """The head behind layers of the given width; it has no activation."""
        return SequenceHead(dim, positions=self.positions, words=self.words, pool=self.pool)


@final
@dataclass(frozen=True, kw_only=True)
class PairHeadConfig:
    """Dot products of nodes after an MLP with hidden rows of length 1: ``inductive_edge``.

    A model with this head predicts one logit for every ordered pair of nodes of a graph.
    """

    layers: int = 1

    def __post_init__(self) -> None:
        _check(1, layers=self.layers)

    def build(self, dim: int, activation: Activation) -> PairHead:
        """The head behind layers of the given width; its activation is always ReLU."""
        return PairHead(dim, layers=self.layers)


HeadConfig: TypeAlias = (
    HalvingHeadConfig | GraphHeadConfig | NodeHeadConfig | PairHeadConfig | SequenceHeadConfig
)


def _check(out: int, pool: str = "mean", layers: int = 1) -> None:
    if out < 1 or layers < 1:
        raise ConfigError(f"out and layers must be positive; got out {out}, layers {layers}")
    if pool not in get_args(Pool):
        raise ConfigError(f"pool must be one of {', '.join(get_args(Pool))}; got {pool!r}")
