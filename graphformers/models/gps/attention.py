"""Global layers of GPS: one configuration per kind, and the layout each attends in."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, final

import torch

from graphformers.errors import ConfigError
from graphformers.graph_batch import GraphBatch
from graphformers.layers.big_bird_pattern import big_bird_pattern
from graphformers.layers.global_layer import GraphLayout
from graphformers.layers.graph_attention import GraphAttention
from graphformers.layers.padded_rows import PaddedRows
from graphformers.layers.performer_attention import PerformerAttention
from graphformers.layers.ragged_rows import RaggedRows

Layout = Literal["auto", "sparse", "padded"]


def _chosen(layout: Layout, batch: GraphBatch) -> Layout:
    """The sparse layout is the faster one on a CPU; compiled and exported programs need padding."""
    if layout != "auto":
        return layout
    eager = not torch.compiler.is_compiling()
    return "sparse" if eager and batch.ptr.device.type == "cpu" else "padded"


@final
@dataclass(frozen=True, kw_only=True)
class FullAttentionConfig:
    """Softmax attention between all nodes of a graph."""

    def build(self, dim: int, heads: int, dropout: float) -> GraphAttention:
        """One layer."""
        return GraphAttention(dim, heads, dropout=dropout)

    def layout(self, batch: GraphBatch, layout: Layout) -> GraphLayout:
        """The list of all pairs, or a padded table."""
        padded = _chosen(layout, batch) == "padded"
        return PaddedRows(batch.ptr, batch.num_nodes) if padded else batch.pairs


@final
@dataclass(frozen=True, kw_only=True)
class PerformerConfig:
    """Attention through random features, linear in the nodes: for graphs of thousands of nodes.

    Compiled or exported models need the padded layout; the sparse one takes graph by graph and
    wastes nothing on graphs of unequal sizes.

    ``features`` is the number of random features, ``int(head_dim * log(head_dim))`` when left out.
    ``count_padding`` reproduces what published models were trained with, in the padded layout: the
    padding beside the smaller graphs of a batch counts in the denominator.
    """

    head_dim: int = 64
    features: int | None = None
    count_padding: bool = False

    def __post_init__(self) -> None:
        if self.head_dim < 2 or (self.features is not None and self.features < 1):
            raise ConfigError(
                "head_dim must be at least 2 and features at least 1; "
                f"got head_dim {self.head_dim}, features {self.features}"
            )

    def build(self, dim: int, heads: int, dropout: float) -> PerformerAttention:
        """One layer."""
        return PerformerAttention(
            dim,
            heads,
            head_dim=self.head_dim,
            features=self.features,
            dropout=dropout,
            count_padding=self.count_padding,
        )

    def layout(self, batch: GraphBatch, layout: Layout) -> GraphLayout:
        """All graphs at once on a padded table, or one after the other without padding."""
        padded = _chosen(layout, batch) == "padded"
        return PaddedRows(batch.ptr, batch.num_nodes) if padded else RaggedRows(batch.ptr)


@final
@dataclass(frozen=True, kw_only=True)
class BigBirdConfig:
    """Softmax attention along a window, random pairs and a few nodes that see all.

    The order of the nodes matters (see ``big_bird_pattern``). Always computed in the sparse layout.
    The published BigBird layer differs: it attends in blocks of nodes, draws other random blocks
    for each head, needs graphs of a least size, and brings an output map, normalisations and a
    feed-forward part of its own. Its weights cannot be read.
    """

    reach: int = 4
    random: int = 3
    hubs: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.reach, self.random, self.hubs) < 0:
            raise ConfigError(
                "reach, random and hubs must not be negative; "
                f"got {self.reach}, {self.random} and {self.hubs}"
            )

    def build(self, dim: int, heads: int, dropout: float) -> GraphAttention:
        """One layer."""
        return GraphAttention(dim, heads, dropout=dropout)

    def layout(self, batch: GraphBatch, layout: Layout) -> GraphLayout:
        """The list of the pairs that see each other."""
        return big_bird_pattern(
            batch.ptr, reach=self.reach, random=self.random, hubs=self.hubs, seed=self.seed
        )


AttentionConfig: TypeAlias = FullAttentionConfig | PerformerConfig | BigBirdConfig

FULL_ATTENTION = FullAttentionConfig()
