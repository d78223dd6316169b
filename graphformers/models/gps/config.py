"""Configuration of GPS and its published presets."""

from dataclasses import dataclass
from typing import Literal, final, get_args

from graphformers.encodings import Encoding
from graphformers.errors import ConfigError
from graphformers.layers.gated_gcn import GatedGCN
from graphformers.layers.gine import GINE
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
from graphformers.models.gps.inputs import EigenvectorConfig, RandomWalkConfig
from graphformers.models.outputs import GraphHeadConfig, HalvingHeadConfig, NodeHeadConfig

Layout = Literal["sparse", "padded"]


@final
@dataclass(frozen=True, kw_only=True)
class GINEConfig:
    """Local layer: graph isomorphism network with edge features."""

    def build(self, dim: int, *, dropout: float, activation: Activation) -> GINE:
        """One layer."""
        return GINE(dim, dropout=dropout, activation=activation)


@final
@dataclass(frozen=True, kw_only=True)
class GatedGCNConfig:
    """Local layer: gated graph convolution with an edge stream."""

    def build(self, dim: int, *, dropout: float, activation: Activation) -> GatedGCN:
        """One layer."""
        return GatedGCN(dim, dropout=dropout, activation=activation)


@final
@dataclass(frozen=True, kw_only=True)
class GPSConfig:
    """Everything that defines a GPS model.

    The columns of the encodings are part of ``dim``: the embedding of the node features takes what
    they leave. ``layout`` is how attention is computed, not what (see ``GraphAttention``).

    The presets are the published configurations (Rampášek et al. 2022, arXiv:2205.12454, appendix,
    and the configuration files of its repository). Those on molecules have the atom table of
    that time, with four chirality entries.
    """

    nodes: NodeFeatures
    edges: EdgeFeatures
    local: GINEConfig | GatedGCNConfig
    head: HalvingHeadConfig | GraphHeadConfig | NodeHeadConfig
    layers: int
    dim: int
    heads: int
    eigenvectors: EigenvectorConfig | None = None
    random_walk: RandomWalkConfig | None = None
    dropout: float = 0.0
    attention_dropout: float = 0.0
    activation: Activation = "relu"
    layout: Layout = "padded"

    def __post_init__(self) -> None:
        if self.layers < 0 or self.heads < 1 or self.dim < 1 or self.dim % self.heads:
            raise ConfigError(
                "dim must be a positive multiple of heads; "
                f"got dim {self.dim}, heads {self.heads}, layers {self.layers}"
            )
        if self.feature_dim < 1:
            raise ConfigError(
                f"the encodings take {self.dim - self.feature_dim} of dim {self.dim} columns; "
                "leave at least one to the node features"
            )
        for name, rate in (
            ("dropout", self.dropout),
            ("attention_dropout", self.attention_dropout),
        ):
            if not 0.0 <= rate < 1.0:
                raise ConfigError(f"{name} must lie in [0, 1); got {rate}")
        if self.layout not in get_args(Layout):
            raise ConfigError(f"layout must be sparse or padded; got {self.layout!r}")
        activation_function(self.activation)

    @property
    def feature_dim(self) -> int:
        """Columns left for the node features."""
        spectral = self.eigenvectors.dim if self.eigenvectors else 0
        return self.dim - spectral - (self.random_walk.dim if self.random_walk else 0)

    @property
    def encodings(self) -> tuple[Encoding, ...]:
        """What ``graphformers.encodings.encode`` must compute for every graph."""
        used = (self.eigenvectors, self.random_walk)
        return tuple(config.encoding for config in used if config is not None)

    @classmethod
    def zinc(cls) -> "GPSConfig":
        """ZINC: constrained solubility of molecules, one value."""
        return cls(
            nodes=CategoricalFeatures(sizes=(28,), normal=True),
            edges=CategoricalFeatures(sizes=(4,), normal=True),
            random_walk=RandomWalkConfig(steps=20, dim=28),
            local=GINEConfig(),
            layers=10,
            dim=64,
            heads=4,
            attention_dropout=0.5,
            head=HalvingHeadConfig(out=1, pool="sum"),
        )

    @classmethod
    def pcqm4m_small(cls) -> "GPSConfig":
        """PCQM4Mv2, GPS-small: HOMO-LUMO gap of molecules."""
        return _pcqm4m(layers=5, dim=304, heads=4, dropout=0.0, attention_dropout=0.5)

    @classmethod
    def pcqm4m_medium(cls) -> "GPSConfig":
        """PCQM4Mv2, GPS-medium."""
        return _pcqm4m(layers=10, dim=384, heads=16, dropout=0.1, attention_dropout=0.1)

    @classmethod
    def pcqm4m_deep(cls) -> "GPSConfig":
        """PCQM4Mv2, GPS-deep."""
        return _pcqm4m(
            layers=16, dim=256, heads=8, dropout=0.1, attention_dropout=0.1, activation="gelu"
        )

    @classmethod
    def peptides_func(cls) -> "GPSConfig":
        """Peptides-func: ten functional classes of peptides."""
        return _peptides(out=10)

    @classmethod
    def peptides_struct(cls) -> "GPSConfig":
        """Peptides-struct: eleven structural properties of peptides."""
        return _peptides(out=11)

    @classmethod
    def molhiv(cls) -> "GPSConfig":
        """ogbg-molhiv: HIV inhibition, one logit."""
        return cls(
            nodes=OGB_ATOM,
            edges=OGB_BOND,
            random_walk=RandomWalkConfig(steps=16, dim=16),
            local=GatedGCNConfig(),
            layers=10,
            dim=64,
            heads=4,
            dropout=0.05,
            attention_dropout=0.5,
            head=HalvingHeadConfig(out=1, pool="mean"),
        )

    @classmethod
    def cifar10(cls) -> "GPSConfig":
        """CIFAR10 superpixels (colour and position), ten classes."""
        return cls(
            nodes=NumericFeatures(count=5),
            edges=NumericFeatures(count=1),
            eigenvectors=EigenvectorConfig(count=8, dim=8, flip_per_graph=False),
            local=GatedGCNConfig(),
            layers=3,
            dim=52,
            heads=4,
            attention_dropout=0.5,
            head=GraphHeadConfig(out=10, pool="mean", layers=2),
        )

    @classmethod
    def cluster(cls) -> "GPSConfig":
        """CLUSTER: six communities of a stochastic block model, one class per node."""
        return cls(
            nodes=NumericFeatures(count=7),
            edges=NoFeatures(),
            eigenvectors=EigenvectorConfig(count=10, dim=16, flip_per_graph=False),
            local=GatedGCNConfig(),
            layers=16,
            dim=48,
            heads=8,
            dropout=0.1,
            attention_dropout=0.5,
            head=NodeHeadConfig(out=6, layers=3),
        )


def _pcqm4m(
    *,
    layers: int,
    dim: int,
    heads: int,
    dropout: float,
    attention_dropout: float,
    activation: Activation = "relu",
) -> GPSConfig:
    return GPSConfig(
        nodes=OGB_ATOM,
        edges=OGB_BOND,
        random_walk=RandomWalkConfig(steps=16, dim=20),
        local=GatedGCNConfig(),
        layers=layers,
        dim=dim,
        heads=heads,
        dropout=dropout,
        attention_dropout=attention_dropout,
        activation=activation,
        head=HalvingHeadConfig(out=1, pool="mean"),
    )


def _peptides(*, out: int) -> GPSConfig:
    return GPSConfig(
        nodes=OGB_ATOM,
        edges=OGB_BOND,
        eigenvectors=EigenvectorConfig(count=10, dim=16, flip_per_graph=False),
        local=GatedGCNConfig(),
        layers=4,
        dim=96,
        heads=4,
        attention_dropout=0.5,
        head=GraphHeadConfig(out=out, pool="mean", layers=1),
    )
