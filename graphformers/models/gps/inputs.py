"""How GPS reads encodings: one configuration per kind."""

from dataclasses import dataclass
from typing import final

from graphformers.encodings import LaplacianEigenvectors, RandomWalk
from graphformers.encodings.laplacian import Normalization
from graphformers.layers.eigenvector_encoder import (
    EigenvectorEncoder,
    FrequencyMLP,
    FrequencyTransformer,
)
from graphformers.layers.walk_encoder import RandomWalkEncoder


@final
@dataclass(frozen=True, kw_only=True)
class RandomWalkConfig:
    """Random-walk encoding of ``steps`` steps, encoded to ``dim`` columns.

    ``mlp_layers`` 0 is a single linear map.
    """

    steps: int
    dim: int
    mlp_layers: int = 0
    raw_norm: bool = True

    @property
    def encoding(self) -> RandomWalk:
        """What has to be computed for every graph."""
        return RandomWalk(steps=self.steps)

    def build(self) -> RandomWalkEncoder:
        """The network that reads it."""
        return RandomWalkEncoder(
            self.steps, self.dim, mlp_layers=self.mlp_layers, raw_norm=self.raw_norm
        )


@final
@dataclass(frozen=True, kw_only=True)
class FrequencyMLPConfig:
    """The same MLP for every frequency."""

    layers: int = 2

    def build(self, dim: int) -> FrequencyMLP:
        """The network, of the given width."""
        return FrequencyMLP(dim, layers=self.layers)


@final
@dataclass(frozen=True, kw_only=True)
class FrequencyTransformerConfig:
    """A transformer over the frequencies of each node."""

    layers: int = 1
    heads: int = 4

    def build(self, dim: int) -> FrequencyTransformer:
        """The network, of the given width."""
        return FrequencyTransformer(dim, layers=self.layers, heads=self.heads)


@final
@dataclass(frozen=True, kw_only=True)
class EigenvectorConfig:
    """The ``count`` smoothest Laplacian eigenvectors, encoded to ``dim`` columns.

    ``flip_per_graph`` draws the random signs of training for every graph; the authors draw them
    once per batch.
    """

    count: int
    dim: int
    normalization: Normalization = "none"
    network: FrequencyMLPConfig | FrequencyTransformerConfig = FrequencyMLPConfig()
    post_layers: int = 0
    raw_norm: bool = False
    flip_per_graph: bool = True

    @property
    def encoding(self) -> LaplacianEigenvectors:
        """What has to be computed for every graph."""
        return LaplacianEigenvectors(count=self.count, normalization=self.normalization)

    def build(self) -> EigenvectorEncoder:
        """The network that reads it."""
        return EigenvectorEncoder(
            self.network.build(self.dim),
            self.count,
            self.dim,
            post_layers=self.post_layers,
            raw_norm=self.raw_norm,
            flip_per_graph=self.flip_per_graph,
        )
