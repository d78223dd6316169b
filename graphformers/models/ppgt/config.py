"""Configuration of PPGT and its published presets."""

from dataclasses import dataclass
from typing import final

from graphformers.encodings import RelativeRandomWalk
from graphformers.errors import ConfigError
from graphformers.models.features import (
    OGB_ATOM,
    OGB_BOND,
    CategoricalFeatures,
    EdgeFeatures,
    NodeFeatures,
    NoFeatures,
    NumericFeatures,
)
from graphformers.models.ppgt.heads import GELUGraphHeadConfig, GELUNodeHeadConfig


@final
@dataclass(frozen=True, kw_only=True)
class PairConfig:
    """How the numbers of a pair become its features.

    ``octaves`` are the frequencies of the sines, ``hidden`` the width they are mapped to, ``dim``
    the width of the features, which ``layers`` feed-forward branches of ``ratio`` times that width
    refine. ``inverse_size`` and ``inverse_degree`` say what is read beside the random walks: one
    over the number of nodes, and one over the degrees of both ends.
    """

    dim: int
    octaves: int = 3
    hidden: int = 128
    layers: int = 2
    ratio: int = 2
    inverse_size: bool = True
    inverse_degree: bool = True
    norm_first: bool = False
    layer_scale: float | None = None

    def __post_init__(self) -> None:
        if min(self.dim, self.hidden, self.ratio) < 1 or min(self.octaves, self.layers) < 0:
            raise ConfigError(
                "dim, hidden and ratio must be positive, octaves and layers not negative; "
                f"got {self}"
            )


@final
@dataclass(frozen=True, kw_only=True)
class PPGTConfig:
    """Everything that defines a PPGT model.

    ``walk`` is the encoding of pairs; its identity channel is needed. ``edges=None`` leaves edge
    features out. ``coordinates`` is the number of columns read from ``batch.positions``. ``hops``
    keeps only the pairs at most so many steps apart, for graphs of more than a few hundred nodes
    (the authors' ``window_attn_hop`` is one less). ``layer_scale`` is the first value of a factor
    on every residual branch. ``scale_dot=False`` leaves the product of query and key undivided.

    The presets are the released configurations (LiamMa/PPGT, commit 62cafd3a; Ma et al. 2025,
    arXiv:2504.12588). By default they compute the paper's logit; with ``official=True`` that of
    the released program, which needs ``scale_dot=False``. Weights trained with one mean nothing
    to the other.
    """

    nodes: NodeFeatures
    edges: EdgeFeatures | None
    head: GELUGraphHeadConfig | GELUNodeHeadConfig
    walk: RelativeRandomWalk
    pair: PairConfig
    layers: int
    dim: int
    heads: int
    ratio: int = 2
    log_degree: bool = True
    log_order: bool = True
    coordinates: int = 0
    hops: int | None = None
    norm_first: bool = False
    layer_scale: float | None = None
    drop_path: float = 0.0
    attention_dropout: float = 0.0
    scale_dot: bool = True

    def __post_init__(self) -> None:
        if self.layers < 0 or self.heads < 1 or self.dim < 1 or self.dim % self.heads:
            raise ConfigError(
                "dim must be a positive multiple of heads; "
                f"got dim {self.dim}, heads {self.heads}, layers {self.layers}"
            )
        if self.ratio < 1 or self.coordinates < 0:
            raise ConfigError(
                "ratio must be positive and coordinates not negative; "
                f"got ratio {self.ratio}, coordinates {self.coordinates}"
            )
        if not self.walk.identity:
            raise ConfigError("the walk of PPGT needs its identity channel; set identity=True")
        if self.hops is not None and self.hops < 1:
            raise ConfigError(f"hops must be at least 1, or None for all pairs; got {self.hops}")
        for name in ("drop_path", "attention_dropout"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ConfigError(f"{name} must lie in [0, 1); got {getattr(self, name)}")

    @property
    def encodings(self) -> tuple[()]:
        """Nothing has to be computed for the nodes beforehand."""
        return ()

    @property
    def pair_encodings(self) -> tuple[RelativeRandomWalk]:
        """What is read for every pair."""
        return (self.walk,)

    @property
    def node_columns(self) -> tuple[int, ...]:
        """Width of each group of numbers that is added to the node features."""
        groups = ((self.walk.channels, True), (self.coordinates, self.coordinates > 0))
        logs = ((1, self.log_degree), (1, self.log_order))
        return tuple(width for width, used in (*groups, *logs) if used)

    @property
    def pair_columns(self) -> int:
        """How many numbers are read for every pair."""
        walks = self.walk.channels + self.coordinates
        return walks + self.pair.inverse_size + 2 * self.pair.inverse_degree

    @classmethod
    def zinc(cls, *, official: bool = False) -> "PPGTConfig":
        """ZINC: constrained solubility of molecules, one value."""
        return cls(
            nodes=CategoricalFeatures(sizes=(21,), normal=True),
            edges=CategoricalFeatures(sizes=(4,), normal=True),
            walk=_walk(24),
            pair=PairConfig(dim=64),
            layers=12,
            dim=64,
            heads=8,
            drop_path=0.1,
            attention_dropout=0.2,
            scale_dot=not official,
            head=GELUGraphHeadConfig(out=1, pool="sum", layers=3),
        )

    @classmethod
    def pcqm4m(cls, *, official: bool = False) -> "PPGTConfig":
        """PCQM4Mv2, the size of ViT-B: HOMO-LUMO gap of molecules."""
        return cls(
            nodes=OGB_ATOM,
            edges=OGB_BOND,
            walk=RelativeRandomWalk(steps=8, symmetric=True, direction="undirected"),
            pair=PairConfig(
                dim=128, octaves=5, hidden=512, ratio=4, inverse_degree=False, norm_first=True
            ),
            layers=12,
            dim=768,
            heads=12,
            ratio=4,
            log_degree=False,
            norm_first=True,
            layer_scale=1e-4,
            drop_path=0.2,
            attention_dropout=0.1,
            scale_dot=not official,
            head=GELUGraphHeadConfig(out=1, pool="mean", layers=3),
        )

    @classmethod
    def peptides_func(cls, *, official: bool = False) -> "PPGTConfig":
        """Peptides-func: ten functional classes of peptides."""
        head = GELUGraphHeadConfig(out=10, pool="mean", layers=3, batch_norm=True)
        return _peptides(head, steps=32, heads=12, attention_dropout=0.2, scale_dot=not official)

    @classmethod
    def peptides_struct(cls, *, official: bool = False) -> "PPGTConfig":
        """Peptides-struct: eleven structural properties of peptides."""
        head = GELUGraphHeadConfig(out=11, pool="mean", layers=2)
        return _peptides(head, steps=24, heads=8, attention_dropout=0.1, scale_dot=not official)

    @classmethod
    def pattern(cls, *, official: bool = False) -> "PPGTConfig":
        """PATTERN: a hidden pattern in a stochastic block model, two classes of nodes."""
        return cls(
            nodes=NumericFeatures(count=3),
            edges=NoFeatures(),
            walk=_walk(32),
            pair=PairConfig(dim=64),
            layers=12,
            dim=64,
            heads=8,
            drop_path=0.1,
            attention_dropout=0.1,
            scale_dot=not official,
            head=GELUNodeHeadConfig(out=2, layers=2),
        )

    @classmethod
    def cluster(cls, *, official: bool = False) -> "PPGTConfig":
        """CLUSTER: six communities of a stochastic block model, one class per node."""
        return cls(
            nodes=NumericFeatures(count=7),
            edges=NoFeatures(),
            walk=_walk(32),
            pair=PairConfig(dim=56),
            layers=16,
            dim=56,
            heads=7,
            drop_path=0.3,
            attention_dropout=0.3,
            scale_dot=not official,
            head=GELUNodeHeadConfig(out=6, layers=2),
        )

    @classmethod
    def cifar10(cls, *, official: bool = False) -> "PPGTConfig":
        """CIFAR10 superpixels (colour and position, also in ``positions``), ten classes."""
        return cls(
            nodes=NumericFeatures(count=5),
            edges=NumericFeatures(count=1),
            walk=_walk(10),
            pair=PairConfig(dim=32, hidden=64),
            layers=10,
            dim=32,
            heads=4,
            log_order=False,
            coordinates=2,
            drop_path=0.2,
            attention_dropout=0.2,
            scale_dot=not official,
            head=GELUGraphHeadConfig(out=10, pool="mean", layers=2),
        )

    @classmethod
    def brec(cls, *, official: bool = False) -> "PPGTConfig":
        """BREC: 16 numbers that tell graphs apart; every node carries a constant."""
        return cls(
            nodes=NumericFeatures(count=1),
            edges=None,
            walk=_walk(32),
            pair=PairConfig(dim=96, octaves=15, hidden=192, layers=4),
            layers=6,
            dim=96,
            heads=16,
            scale_dot=not official,
            head=GELUGraphHeadConfig(out=16, pool="sum", layers=3, batch_norm=True),
        )


def _walk(steps: int) -> RelativeRandomWalk:
    return RelativeRandomWalk(steps=steps, direction="undirected")


def _peptides(
    head: GELUGraphHeadConfig, *, steps: int, heads: int, attention_dropout: float, scale_dot: bool
) -> PPGTConfig:
    return PPGTConfig(
        nodes=OGB_ATOM,
        edges=OGB_BOND,
        walk=_walk(steps),
        pair=PairConfig(dim=96, layers=1),
        layers=5,
        dim=96,
        heads=heads,
        drop_path=0.1,
        attention_dropout=attention_dropout,
        scale_dot=scale_dot,
        head=head,
    )
