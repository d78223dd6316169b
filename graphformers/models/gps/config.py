"""Configuration of GPS: its published presets."""

from dataclasses import dataclass, replace
from typing import final

from graphformers.layers.mlp import Activation
from graphformers.models.features import (
    OGB_ATOM,
    OGB_BOND,
    CategoricalFeatures,
    NoFeatures,
    NumericFeatures,
)
from graphformers.models.gps.attention import PerformerConfig
from graphformers.models.gps.graphormer import GraphormerConfig
from graphformers.models.gps.inputs import (
    EigenvectorConfig,
    RandomWalkConfig,
    SignNetConfig,
    StableConfig,
)
from graphformers.models.gps.local import GatedGCNConfig, GINEConfig
from graphformers.models.gps.settings import GPSSettings
from graphformers.models.outputs import (
    GraphHeadConfig,
    HalvingHeadConfig,
    NodeHeadConfig,
    PairHeadConfig,
    SequenceHeadConfig,
)


@final
@dataclass(frozen=True, kw_only=True)
class GPSConfig(GPSSettings):
    """Everything that defines a GPS model.

    The columns of the encodings are part of ``dim``: the embedding of the node features takes what
    they leave. ``layout`` is how attention is computed, not what (see ``GraphAttention``):
    ``"auto"`` is sparse on a CPU, and padded on a GPU, in compiled and in exported programs.

    The presets are the published configurations (Rampášek et al. 2022, arXiv:2205.12454, appendix,
    and the configuration files of its repository). Those on molecules have the atom table of
    that time, with four chirality entries. ``official=True`` also takes over what the authors'
    program does and should not: one random sign per eigenvector for a whole batch
    (``flip_per_graph``), padding that counts in Performer attention (``count_padding``), places
    after the end of a path that count (``count_unused_places``), the normalised Laplacian where the
    configuration asks for the plain one (``StableConfig``).
    """

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
    def zinc_sign_net(cls) -> "GPSConfig":
        """ZINC with SignNet, a deep set over all eigenvectors of its graphs."""
        network = SignNetConfig(count=37, dim=28, layers=8, post_layers=3, phi_dim=64, summed=True)
        return replace(cls.zinc(), random_walk=None, sign_net=network)

    @classmethod
    def zinc_stable(cls, *, official: bool = False) -> "GPSConfig":
        """ZINC with messages weighted by the distance of eigenvectors (PEG)."""
        stable = StableConfig(count=8, normalization="sym" if official else "none")
        return replace(cls.zinc(), random_walk=None, stable=stable)

    @classmethod
    def zinc_graphormer(cls, *, official: bool = False) -> "GPSConfig":
        """ZINC with Graphormer's degrees and biases of shortest paths."""
        return replace(cls.zinc(), graphormer=GraphormerConfig(count_unused_places=official))

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
    def pcqm_contact(cls, *, official: bool = False) -> "GPSConfig":
        """PCQM-Contact: which atoms are near in space, one logit per pair."""
        return replace(cls.peptides_func(official=official), head=PairHeadConfig())

    @classmethod
    def peptides_func(cls, *, official: bool = False) -> "GPSConfig":
        """Peptides-func: ten functional classes of peptides."""
        return cls(
            nodes=OGB_ATOM,
            edges=OGB_BOND,
            eigenvectors=EigenvectorConfig(count=10, dim=16, flip_per_graph=not official),
            local=GatedGCNConfig(),
            layers=4,
            dim=96,
            heads=4,
            attention_dropout=0.5,
            head=GraphHeadConfig(out=10, pool="mean"),
        )

    @classmethod
    def peptides_struct(cls, *, official: bool = False) -> "GPSConfig":
        """Peptides-struct: eleven structural properties of peptides."""
        head = GraphHeadConfig(out=11, pool="mean")
        return replace(cls.peptides_func(official=official), head=head)

    @classmethod
    def molhiv(cls) -> "GPSConfig":
        """ogbg-molhiv: HIV inhibition, one logit."""
        small = _pcqm4m(layers=10, dim=64, heads=4, dropout=0.05, attention_dropout=0.5)
        return replace(small, random_walk=RandomWalkConfig(steps=16, dim=16))

    @classmethod
    def molpcba(cls) -> "GPSConfig":
        """ogbg-molpcba: 128 bioassays."""
        large = _pcqm4m(layers=5, dim=384, heads=4, dropout=0.2, attention_dropout=0.5)
        return replace(large, head=GraphHeadConfig(out=128, pool="mean"))

    @classmethod
    def ppa(cls, *, official: bool = False) -> "GPSConfig":
        """ogbg-ppa: 37 groups of species whose proteins associate; nodes have category 0."""
        return cls(
            nodes=CategoricalFeatures(sizes=(1,), normal=True),
            edges=NumericFeatures(count=7),
            local=GatedGCNConfig(),
            attention=PerformerConfig(count_padding=official),
            layout="padded" if official else "sparse",  # graphs are large and unequal
            layers=3,
            dim=256,
            heads=8,
            dropout=0.1,
            attention_dropout=0.5,
            head=GraphHeadConfig(out=37, pool="mean", layers=2),
        )

    @classmethod
    def code2(cls, *, official: bool = False) -> "GPSConfig":
        """ogbg-code2: the name of a Python method, five words of 5,002.

        Nodes have a type, an attribute and a depth of at most 20; edges tell whether they join
        neighbouring words of the text, and whether they are the reverse of an edge.
        """
        return replace(
            cls.ppa(official=official),
            nodes=CategoricalFeatures(sizes=(98, 10_030, 21), normal=True),
            edges=CategoricalFeatures(sizes=(2, 2), normal=True),
            layers=4,
            heads=4,
            dropout=0.2,
            head=SequenceHeadConfig(positions=5, words=5002, pool="mean"),
        )

    @classmethod
    def malnet_tiny(cls, *, official: bool = False) -> "GPSConfig":
        """MalNet-Tiny: five kinds of software from call graphs, nodes with degree profiles."""
        return cls(
            nodes=NumericFeatures(count=5),
            edges=NoFeatures(),
            eigenvectors=EigenvectorConfig(count=10, dim=16, flip_per_graph=not official),
            local=GatedGCNConfig(),
            attention=PerformerConfig(count_padding=official),
            layout="padded" if official else "sparse",  # graphs are large and unequal
            layers=5,
            dim=64,
            heads=4,
            attention_dropout=0.5,
            head=GraphHeadConfig(out=5, pool="max", layers=3),
        )

    @classmethod
    def cifar10(cls, *, official: bool = False) -> "GPSConfig":
        """CIFAR10 superpixels (colour and position), ten classes."""
        return cls(
            nodes=NumericFeatures(count=5),
            edges=NumericFeatures(count=1),
            eigenvectors=EigenvectorConfig(count=8, dim=8, flip_per_graph=not official),
            local=GatedGCNConfig(),
            layers=3,
            dim=52,
            heads=4,
            attention_dropout=0.5,
            head=GraphHeadConfig(out=10, pool="mean", layers=2),
        )

    @classmethod
    def mnist(cls, *, official: bool = False) -> "GPSConfig":
        """MNIST superpixels (intensity and position), ten classes."""
        return replace(
            cls.cifar10(official=official),
            nodes=NumericFeatures(count=3),
            head=GraphHeadConfig(out=10, pool="mean", layers=3),
        )

    @classmethod
    def cluster(cls, *, official: bool = False) -> "GPSConfig":
        """CLUSTER: six communities of a stochastic block model, one class per node."""
        return cls(
            nodes=NumericFeatures(count=7),
            edges=NoFeatures(),
            eigenvectors=EigenvectorConfig(count=10, dim=16, flip_per_graph=not official),
            local=GatedGCNConfig(),
            layers=16,
            dim=48,
            heads=8,
            dropout=0.1,
            attention_dropout=0.5,
            head=NodeHeadConfig(out=6, layers=3),
        )

    @classmethod
    def pattern(cls, *, official: bool = False) -> "GPSConfig":
        """PATTERN: which nodes belong to a planted pattern, one logit per node."""
        return replace(
            cls.cluster(official=official),
            nodes=NumericFeatures(count=3),
            layers=6,
            dim=64,
            heads=4,
            dropout=0.0,
            head=NodeHeadConfig(out=1, layers=3),
        )

    @classmethod
    def voc_superpixels(cls, *, official: bool = False) -> "GPSConfig":
        """PascalVOC-SP: 21 kinds of objects, one class per superpixel."""
        return replace(
            cls.peptides_func(official=official),
            nodes=NumericFeatures(count=14),
            edges=NumericFeatures(count=2),
            heads=8,
            head=NodeHeadConfig(out=21, layers=3),
        )

    @classmethod
    def coco_superpixels(cls, *, official: bool = False) -> "GPSConfig":
        """COCO-SP: 81 kinds of objects, one class per superpixel."""
        head = NodeHeadConfig(out=81, layers=3)
        return replace(cls.voc_superpixels(official=official), head=head)


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
