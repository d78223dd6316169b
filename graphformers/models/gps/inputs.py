"""How GPS reads encodings: one configuration per kind."""

from dataclasses import dataclass
from typing import TypeAlias, final

from graphformers.encodings import (
    ElectrostaticStatistics,
    HeatKernel,
    LaplacianEigenvectors,
    RandomWalk,
)
from graphformers.encodings.laplacian import Normalization
from graphformers.errors import ConfigError
from graphformers.layers.eigenvector_encoder import (
    EigenvectorEncoder,
    FrequencyMLP,
    FrequencyTransformer,
)
from graphformers.layers.sign_net import SignNet
from graphformers.layers.stable_layer import StablePositions
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

    def __post_init__(self) -> None:
        _check(steps=self.steps, dim=self.dim)

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
class HeatKernelConfig:
    """Diagonal of the heat kernel at several times, encoded to ``dim`` columns as walks are."""

    times: tuple[float, ...]
    dim: int
    mlp_layers: int = 0
    raw_norm: bool = True

    def __post_init__(self) -> None:
        _check(times=len(self.times), dim=self.dim)

    @property
    def encoding(self) -> HeatKernel:
        """What has to be computed for every graph."""
        return HeatKernel(times=self.times)

    def build(self) -> RandomWalkEncoder:
        """The network that reads it."""
        return RandomWalkEncoder(
            len(self.times), self.dim, mlp_layers=self.mlp_layers, raw_norm=self.raw_norm
        )


@final
@dataclass(frozen=True, kw_only=True)
class ElectrostaticConfig:
    """Ten statistics of electrostatic potentials, encoded to ``dim`` columns as walks are."""

    dim: int
    mlp_layers: int = 0
    raw_norm: bool = True

    def __post_init__(self) -> None:
        _check(dim=self.dim)

    @property
    def encoding(self) -> ElectrostaticStatistics:
        """What has to be computed for every graph."""
        return ElectrostaticStatistics()

    def build(self) -> RandomWalkEncoder:
        """The network that reads it."""
        return RandomWalkEncoder(
            self.encoding.channels, self.dim, mlp_layers=self.mlp_layers, raw_norm=self.raw_norm
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

    def __post_init__(self) -> None:
        _check(count=self.count, dim=self.dim)

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


@final
@dataclass(frozen=True, kw_only=True)
class SignNetConfig:
    """The ``count`` smoothest Laplacian eigenvectors, whatever their signs, to ``dim`` columns.

    ``summed`` adds up the frequencies a graph has, for a ``count`` as large as the largest graph
    (a deep set); otherwise they stand side by side.
    """

    count: int
    dim: int
    normalization: Normalization = "none"
    layers: int = 3
    post_layers: int = 2
    hidden: int = 64
    phi_dim: int = 4
    summed: bool = False

    def __post_init__(self) -> None:
        _check(count=self.count, dim=self.dim, layers=self.layers, post_layers=self.post_layers)
        _check(hidden=self.hidden, phi_dim=self.phi_dim)

    @property
    def encoding(self) -> LaplacianEigenvectors:
        """What has to be computed for every graph."""
        return LaplacianEigenvectors(count=self.count, normalization=self.normalization)

    def build(self) -> SignNet:
        """The network that reads it."""
        return SignNet(
            self.count,
            self.dim,
            layers=self.layers,
            post_layers=self.post_layers,
            hidden=self.hidden,
            phi_dim=self.phi_dim,
            summed=self.summed,
        )


@final
@dataclass(frozen=True, kw_only=True)
class StableConfig:
    """The ``count`` smoothest Laplacian eigenvectors as positions whose distances weigh messages.

    They add no columns; the local layer must be GINE or GatedGCN. Every published configuration
    asks for the plain Laplacian and, by a slip in how it is read, was trained with
    ``normalization="sym"``.
    """

    count: int
    normalization: Normalization = "none"
    raw_norm: bool = False

    def __post_init__(self) -> None:
        _check(count=self.count)

    @property
    def encoding(self) -> LaplacianEigenvectors:
        """What has to be computed for every graph."""
        return LaplacianEigenvectors(count=self.count, normalization=self.normalization)

    def build(self, dim: int) -> StablePositions:
        """The map that reads it."""
        return StablePositions(self.count, dim, raw_norm=self.raw_norm)


ColumnConfig: TypeAlias = (
    EigenvectorConfig | SignNetConfig | RandomWalkConfig | HeatKernelConfig | ElectrostaticConfig
)


def _check(**sizes: int) -> None:
    if min(sizes.values()) < 1:
        came = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise ConfigError(f"{', '.join(sizes)} must be positive; got {came}")
