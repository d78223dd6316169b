"""Degrees and shortest paths in GPS, after Graphormer."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.encodings import (
    PairEncoding,
    ShortestPathEdges,
    ShortestPaths,
    pair_encoding,
)
from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.layers.graphormer_bias import (
    INITIAL_SCALE,
    DegreeEmbedding,
    DistanceBias,
    PathBias,
)
from graphformers.models.features import EdgeFeatures, NumericFeatures, edge_states


@final
@dataclass(frozen=True, kw_only=True)
class GraphormerConfig:
    """Degrees added to the node features, and a bias of full attention from shortest paths.

    ``distances`` is the number of path lengths told apart, the last of which stands for all longer
    paths; None leaves the bias out. ``edge_paths`` adds a bias from the features of the edges along
    the path. ``count_unused_places`` reproduces what the authors' program does: places after the
    end of a path hold an edge of category 0.

    Source: Ying et al. 2021, arXiv:2106.05234, as in the repository of Rampášek et al. 2022,
    arXiv:2205.12454. Parallel edges count in ours, not in theirs.
    """

    distances: int | None = 20
    in_degrees: int = 64
    out_degrees: int = 64
    edge_paths: bool = True
    count_unused_places: bool = False

    def __post_init__(self) -> None:
        if self.in_degrees < 1 or self.out_degrees < 1:
            raise ConfigError(
                "in_degrees and out_degrees must be positive; "
                f"got {self.in_degrees} and {self.out_degrees}"
            )
        if self.distances is not None and self.distances < 2:
            raise ConfigError(f"distances must be at least 2, or None; got {self.distances}")

    @property
    def pair_encodings(self) -> tuple[PairEncoding, ...]:
        """What is read for every pair of nodes."""
        if self.distances is None:
            return ()
        longest = self.distances - 1
        hops = ShortestPaths(max_distance=longest)
        return (hops, ShortestPathEdges(max_distance=longest)) if self.edge_paths else (hops,)

    def build(self, dim: int) -> DegreeEmbedding:
        """The embedding that is added to the node features."""
        return DegreeEmbedding(self.in_degrees, self.out_degrees, dim)

    def build_bias(self, edges: EdgeFeatures, heads: int) -> "GraphormerBias | None":
        """The bias, for edges with such features."""
        return None if self.distances is None else GraphormerBias(self, edges, heads)


@final
class GraphormerBias(nn.Module):
    """The bias of every pair, from the number of steps and the edges of a shortest path.

    The path goes from the node that attends to the node it sees.
    """

    def __init__(self, config: GraphormerConfig, edges: EdgeFeatures, heads: int):
        super().__init__()
        self.config = config
        self.kind = edges
        distances = config.distances or 2
        self.distance = DistanceBias(distances, heads)
        self.edges = edges.build(heads) if config.edge_paths else None
        self.path = PathBias(distances, heads) if config.edge_paths else None
        for parameter in self.edges.parameters() if self.edges else ():
            nn.init.normal_(parameter, std=INITIAL_SCALE)

    def forward(self, batch: GraphBatch) -> Float[Tensor, "pairs heads"]:
        """One row for each of ``batch.pairs``."""
        back = batch.pairs.transposed.edge  # the pair of the same nodes the other way round
        hops, *paths = (
            pair_encoding(batch, one).index_select(0, back) for one in self.config.pair_encodings
        )
        bias = self.distance(hops)
        if self.path is None or self.edges is None:
            return bias
        edge = edge_states(self.edges, self.kind, batch)
        first = batch.edge_ptr[batch.batch[batch.pairs.target]].unsqueeze(1)
        path = torch.where(paths[0] < 0, -1, paths[0] + first)
        return bias + self.path(edge, path, hops, self._unused(edge))

    def _unused(self, edge: Tensor) -> Tensor | None:
        if not self.config.count_unused_places or self.edges is None:
            return None
        columns = getattr(self.kind, "sizes", (0,))
        if isinstance(self.kind, NumericFeatures):
            return self.edges(edge.new_zeros(1, self.kind.count))[0]
        return self.edges(edge.new_zeros(1, len(columns), dtype=torch.int64))[0]
