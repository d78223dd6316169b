"""Configuration of GT and its published preset."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from torch import nn

from graphformers.encodings import ColourRefinement, Encoding, LaplacianEigenvectors
from graphformers.errors import ConfigError
from graphformers.layers.categorical import CategoricalEmbedding
from graphformers.layers.edge_attention import EdgeAttention
from graphformers.layers.eigenvector_map import EigenvectorMap
from graphformers.layers.graph_transformer_block import GraphTransformerBlock
from graphformers.layers.normalization import BatchNorm
from graphformers.models.features import CategoricalFeatures, EdgeFeatures, NodeFeatures
from graphformers.models.outputs import HalvingHeadConfig, NodeHeadConfig

OFFICIAL_EPSILON = 1e-6


@final
@dataclass(frozen=True, kw_only=True)
class EigenvectorMapConfig:
    """The ``count`` smoothest Laplacian eigenvectors but the first, mapped linearly.

    ``flip_per_graph`` draws the random signs of training for every graph; the authors draw them
    once per batch.
    """

    count: int
    flip_per_graph: bool = True

    @property
    def encoding(self) -> LaplacianEigenvectors:
        """What has to be computed for every graph."""
        return LaplacianEigenvectors(count=self.count, normalization="in_degree", drop_first=True)

    def build(self, dim: int) -> EigenvectorMap:
        """The map, to the given width."""
        return EigenvectorMap(self.count, dim, flip_per_graph=self.flip_per_graph)


@final
@dataclass(frozen=True, kw_only=True)
class NodeColourConfig:
    """Colours of ``rounds`` rounds of Weisfeiler-Leman refinement; a table of ``count`` colours."""

    count: int = 37
    rounds: int = 2

    @property
    def encoding(self) -> ColourRefinement:
        """What has to be computed for every graph."""
        return ColourRefinement(rounds=self.rounds)

    def build(self, dim: int) -> CategoricalEmbedding:
        """The table, of the given width."""
        return CategoricalEmbedding((self.count,), dim, normal=True)


@final
@dataclass(frozen=True, kw_only=True)
class GraphTransformerConfig:
    """Everything that defines a GT model.

    ``clamp`` bounds the logits, ``softmax_epsilon`` is added to the denominators of the attention
    weights, and ``layer_norm`` takes the place of batch normalisation. Edges may come without
    features: then all share one learned vector.

    The preset is the released configuration (graphdeeplearning/graphtransformer, commit c9cd4936;
    Dwivedi and Bresson 2020, arXiv:2012.09699). ``official=True`` also does what the released code
    does and the paper does not say: 1e-6 in the denominators, and in training the same random signs
    of eigenvectors for a whole batch.
    """

    nodes: NodeFeatures
    edges: EdgeFeatures
    head: HalvingHeadConfig | NodeHeadConfig
    layers: int
    dim: int
    heads: int
    eigenvectors: EigenvectorMapConfig | None = None
    colours: NodeColourConfig | None = None
    dropout: float = 0.0
    input_dropout: float = 0.0
    clamp: float = 5.0
    softmax_epsilon: float = 0.0
    layer_norm: bool = False
    residual: bool = True

    def __post_init__(self) -> None:
        if self.layers < 0 or self.heads < 1 or self.dim < 1 or self.dim % self.heads:
            raise ConfigError(
                "dim must be a positive multiple of heads; "
                f"got dim {self.dim}, heads {self.heads}, layers {self.layers}"
            )
        for name in ("dropout", "input_dropout"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ConfigError(f"{name} must lie in [0, 1); got {getattr(self, name)}")
        if not self.clamp > 0 or not self.softmax_epsilon >= 0:
            raise ConfigError(
                "clamp must be above 0 and softmax_epsilon not below; "
                f"got {self.clamp} and {self.softmax_epsilon}"
            )

    @property
    def encodings(self) -> tuple[Encoding, ...]:
        """What ``graphformers.encodings.encode`` must compute for every graph."""
        used = (self.eigenvectors, self.colours)
        return tuple(config.encoding for config in used if config is not None)

    def block(self) -> GraphTransformerBlock:
        """One layer."""
        norm: Callable[[int], nn.Module] = nn.LayerNorm if self.layer_norm else BatchNorm
        attention = EdgeAttention(
            self.dim, self.heads, clamp=self.clamp, softmax_epsilon=self.softmax_epsilon
        )
        return GraphTransformerBlock(
            attention, dropout=self.dropout, norm=norm, residual=self.residual
        )

    @classmethod
    def zinc(cls, *, official: bool = False) -> "GraphTransformerConfig":
        """ZINC: constrained solubility of molecules, one value."""
        return cls(
            nodes=CategoricalFeatures(sizes=(28,), normal=True),
            edges=CategoricalFeatures(sizes=(4,), normal=True),
            eigenvectors=EigenvectorMapConfig(count=8, flip_per_graph=not official),
            layers=10,
            dim=64,
            heads=8,
            softmax_epsilon=OFFICIAL_EPSILON if official else 0.0,
            head=HalvingHeadConfig(out=1, pool="mean"),
        )
