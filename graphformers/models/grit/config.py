"""Configuration of GRIT and its published presets."""

from dataclasses import dataclass
from typing import final

from graphformers.encodings import RelativeRandomWalk
from graphformers.errors import ConfigError
from graphformers.layers.mlp import Activation, activation_function
from graphformers.models.features import (
    OGB_ATOM,
    OGB_BOND,
    CategoricalFeatures,
    EdgeFeatures,
    NodeFeatures,
    NoFeatures,
    NumericFeatures,
)
from graphformers.models.outputs import GraphHeadConfig, HalvingHeadConfig, NodeHeadConfig


@final
@dataclass(frozen=True, kw_only=True)
class GRITConfig:
    """Everything that defines a GRIT model.

    ``walk_channels`` is the published "K": the identity and ``K - 1`` powers of the random walk.
    ``hops`` keeps only the pairs of nodes at most so many steps apart, for graphs of more than a
    few hundred nodes: memory then grows with those pairs. Left out, every pair attends. ``clamp``
    bounds the logits.

    The presets are the released configurations (LiamMa/GRIT, commit 6c988ea6; Ma et al. 2023,
    arXiv:2305.17589, appendix). Two differ from what the paper says of itself:
    ``peptides_struct(official=True)`` has 24 walk channels and a head of two layers, where the
    count of parameters in the paper belongs to 17 and one; ``pcqm4m`` has 11.8 million parameters
    where the paper reports 16.6.
    """

    nodes: NodeFeatures
    edges: EdgeFeatures
    head: HalvingHeadConfig | GraphHeadConfig | NodeHeadConfig
    layers: int
    dim: int
    heads: int
    walk_channels: int
    hops: int | None = None
    clamp: float = 5.0
    degree_scaler: bool = True
    dropout: float = 0.0
    attention_dropout: float = 0.0
    activation: Activation = "relu"

    def __post_init__(self) -> None:
        if self.layers < 0 or self.heads < 1 or self.dim < 1 or self.dim % self.heads:
            raise ConfigError(
                "dim must be a positive multiple of heads; "
                f"got dim {self.dim}, heads {self.heads}, layers {self.layers}"
            )
        if self.walk_channels < 2:
            raise ConfigError(
                "walk_channels counts the identity and needs a step beside it, so at least 2; "
                f"got {self.walk_channels}"
            )
        if self.hops is not None and self.hops < 1:
            raise ConfigError(f"hops must be at least 1, or None for all pairs; got {self.hops}")
        if not self.clamp > 0:
            raise ConfigError(f"clamp must be above 0; got {self.clamp}")
        for name in ("dropout", "attention_dropout"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ConfigError(f"{name} must lie in [0, 1); got {getattr(self, name)}")
        activation_function(self.activation)

    @property
    def encodings(self) -> tuple[()]:
        """Nothing has to be computed for the nodes beforehand."""
        return ()

    @property
    def pair_encodings(self) -> tuple[RelativeRandomWalk]:
        """What is read for every pair."""
        return (RelativeRandomWalk(steps=self.walk_channels - 1),)

    @classmethod
    def zinc(cls) -> "GRITConfig":
        """ZINC: constrained solubility of molecules, one value."""
        return _zinc(21)

    @classmethod
    def zinc_full(cls) -> "GRITConfig":
        """ZINC with all of its 250,000 molecules, which hold more kinds of atoms."""
        return _zinc(28)

    @classmethod
    def peptides_func(cls) -> "GRITConfig":
        """Peptides-func: ten functional classes of peptides."""
        return _peptides(out=10, heads=4, attention_dropout=0.5)

    @classmethod
    def peptides_struct(cls, *, official: bool = False) -> "GRITConfig":
        """Peptides-struct: eleven structural properties; ``official`` as released."""
        released = {"walk_channels": 24, "head_layers": 2} if official else {}
        return _peptides(out=11, heads=8, attention_dropout=0.2, dropout=0.05, **released)

    @classmethod
    def pcqm4m(cls) -> "GRITConfig":
        """PCQM4Mv2: HOMO-LUMO gap of molecules."""
        return cls(
            nodes=OGB_ATOM,
            edges=OGB_BOND,
            walk_channels=16,
            layers=16,
            dim=256,
            heads=8,
            dropout=0.1,
            attention_dropout=0.1,
            activation="gelu",
            head=HalvingHeadConfig(out=1, pool="mean"),
        )

    @classmethod
    def cifar10(cls) -> "GRITConfig":
        """CIFAR10 superpixels (colour and position), ten classes."""
        return _superpixels(features=5, head_layers=2)

    @classmethod
    def mnist(cls) -> "GRITConfig":
        """MNIST superpixels (intensity and position), ten classes."""
        return _superpixels(features=3, head_layers=3)

    @classmethod
    def cluster(cls) -> "GRITConfig":
        """CLUSTER: six communities of a stochastic block model, one class per node."""
        return cls(
            nodes=NumericFeatures(count=7),
            edges=NoFeatures(),
            walk_channels=32,
            layers=16,
            dim=48,
            heads=8,
            dropout=0.01,
            attention_dropout=0.5,
            head=NodeHeadConfig(out=6, layers=3),
        )

    @classmethod
    def pattern(cls) -> "GRITConfig":
        """PATTERN: which nodes belong to a planted pattern, one logit per node."""
        return cls(
            nodes=NumericFeatures(count=3),
            edges=NoFeatures(),
            walk_channels=21,
            layers=10,
            dim=64,
            heads=8,
            attention_dropout=0.2,
            head=NodeHeadConfig(out=1, layers=3),
        )


def _zinc(atom_types: int) -> GRITConfig:
    return GRITConfig(
        nodes=CategoricalFeatures(sizes=(atom_types,), normal=True),
        edges=CategoricalFeatures(sizes=(4,), normal=True),
        walk_channels=21,
        layers=10,
        dim=64,
        heads=8,
        attention_dropout=0.2,
        head=HalvingHeadConfig(out=1, pool="sum"),
    )


def _peptides(
    *,
    out: int,
    heads: int,
    attention_dropout: float,
    dropout: float = 0.0,
    walk_channels: int = 17,
    head_layers: int = 1,
) -> GRITConfig:
    return GRITConfig(
        nodes=OGB_ATOM,
        edges=OGB_BOND,
        walk_channels=walk_channels,
        layers=4,
        dim=96,
        heads=heads,
        dropout=dropout,
        attention_dropout=attention_dropout,
        head=GraphHeadConfig(out=out, pool="mean", layers=head_layers),
    )


def _superpixels(*, features: int, head_layers: int) -> GRITConfig:
    return GRITConfig(
        nodes=NumericFeatures(count=features),
        edges=NumericFeatures(count=1),
        walk_channels=18,
        layers=3,
        dim=52,
        heads=4,
        attention_dropout=0.5,
        head=GraphHeadConfig(out=10, pool="mean", layers=head_layers),
    )
