"""The fields of a GPS configuration, and which of them go together."""

from dataclasses import dataclass
from typing import get_args

from graphformers.encodings import Encoding, PairEncoding
from graphformers.errors import ConfigError
from graphformers.layers.mlp import Activation, activation_function
from graphformers.models.features import EdgeFeatures, NodeFeatures
from graphformers.models.gps.attention import (
    FULL_ATTENTION,
    AttentionConfig,
    FullAttentionConfig,
    Layout,
    PerformerConfig,
)
from graphformers.models.gps.graphormer import GraphormerConfig
from graphformers.models.gps.inputs import (
    ColumnConfig,
    EigenvectorConfig,
    ElectrostaticConfig,
    HeatKernelConfig,
    RandomWalkConfig,
    SignNetConfig,
    StableConfig,
)
from graphformers.models.gps.local import (
    PNA_EDGE_DIM,
    GatedGCNConfig,
    GINEConfig,
    LayerShape,
    LocalConfig,
    PNAConfig,
)
from graphformers.models.outputs import HeadConfig


@dataclass(frozen=True, kw_only=True)
class GPSSettings:
    """Every choice of a GPS model, checked."""

    nodes: NodeFeatures
    edges: EdgeFeatures
    local: LocalConfig | None
    head: HeadConfig
    layers: int
    dim: int
    heads: int
    attention: AttentionConfig | None = FULL_ATTENTION
    eigenvectors: EigenvectorConfig | None = None
    sign_net: SignNetConfig | None = None
    random_walk: RandomWalkConfig | None = None
    heat_kernel: HeatKernelConfig | None = None
    electrostatic: ElectrostaticConfig | None = None
    stable: StableConfig | None = None
    graphormer: GraphormerConfig | None = None
    dropout: float = 0.0
    attention_dropout: float = 0.0
    activation: Activation = "relu"
    layout: Layout = "auto"

    def __post_init__(self) -> None:
        self._check_sizes()
        self._check_layers()
        self._check_encodings()
        for name in ("dropout", "attention_dropout"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ConfigError(f"{name} must lie in [0, 1); got {getattr(self, name)}")
        if self.layout not in get_args(Layout):
            raise ConfigError(f"layout must be auto, sparse or padded; got {self.layout!r}")
        activation_function(self.activation)

    def _check_sizes(self) -> None:
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

    def _check_layers(self) -> None:
        if self.local is None and self.attention is None:
            raise ConfigError("a model needs a local layer, an attention or both; got neither")
        if self.stable is not None and not isinstance(self.local, GINEConfig | GatedGCNConfig):
            raise ConfigError(
                "stable positions weigh the messages of GINE or GatedGCN; "
                f"got local {type(self.local).__name__}"
            )
        biased = self.graphormer is not None and self.graphormer.distances is not None
        if biased and not isinstance(self.attention, FullAttentionConfig):
            raise ConfigError(
                "the bias of shortest paths is one of full attention; "
                f"got attention {type(self.attention).__name__}"
            )
        performer = isinstance(self.attention, PerformerConfig) and self.attention
        if performer and performer.count_padding and self.layout != "padded":
            raise ConfigError(
                f"count_padding needs padding to count: layout padded; got {self.layout!r}"
            )

    def _check_encodings(self) -> None:
        names: dict[str, Encoding] = {}
        for encoding in self.encodings:
            for name in encoding.names:
                if names.setdefault(name, encoding) != encoding:
                    raise ConfigError(
                        f"two inputs read {name!r}, computed differently; "
                        f"got {names[name]} and {encoding}"
                    )

    @property
    def feature_dim(self) -> int:
        """Columns left for the node features."""
        return self.dim - sum(config.dim for config in self.columns)

    @property
    def columns(self) -> tuple[ColumnConfig, ...]:
        """Encodings that stand beside the node features, in this order."""
        spectral = (self.eigenvectors, self.sign_net)
        statistics = (self.random_walk, self.heat_kernel, self.electrostatic)
        return tuple(config for config in (*spectral, *statistics) if config is not None)

    @property
    def edge_dim(self) -> int:
        """Width of the edge features."""
        return min(PNA_EDGE_DIM, self.dim) if isinstance(self.local, PNAConfig) else self.dim

    @property
    def encodings(self) -> tuple[Encoding, ...]:
        """What ``graphformers.encodings.encode`` must compute for every graph."""
        used = self.columns if self.stable is None else (*self.columns, self.stable)
        return tuple(dict.fromkeys(config.encoding for config in used))

    @property
    def pair_encodings(self) -> tuple[PairEncoding, ...]:
        """What is read for every pair of nodes: computed from a batch that does not carry it."""
        return () if self.graphormer is None else self.graphormer.pair_encodings

    @property
    def layer_shape(self) -> LayerShape:
        """What a local layer is built from."""
        return LayerShape(
            dim=self.dim,
            heads=self.heads,
            dropout=self.dropout,
            activation=self.activation,
            stable=self.stable is not None,
        )
