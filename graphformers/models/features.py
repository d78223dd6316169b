"""How a model reads the features of nodes and edges: one configuration per kind of feature."""

from dataclasses import dataclass
from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import ConfigError, DataError
from graphformers.graph_batch import GraphBatch
from graphformers.layers.categorical import CategoricalEmbedding
from graphformers.layers.numeric import NumericEmbedding


@final
@dataclass(frozen=True, kw_only=True)
class CategoricalFeatures:
    """Integer columns with ``sizes`` categories each, embedded and summed.

    ``normal`` draws the embeddings from N(0, 1) instead of Xavier's uniform distribution.
    """

    sizes: tuple[int, ...]
    normal: bool = False

    def build(self, dim: int) -> nn.Module:
        """Embedding of the given width."""
        return CategoricalEmbedding(self.sizes, dim, normal=self.normal)


@final
@dataclass(frozen=True, kw_only=True)
class NumericFeatures:
    """``count`` numbers per node or edge, through a linear map."""

    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ConfigError(f"numeric features need at least one column; got {self.count}")

    def build(self, dim: int) -> nn.Module:
        """Linear map to the given width."""
        return NumericEmbedding(self.count, dim)


@final
@dataclass(frozen=True, kw_only=True)
class NoFeatures:
    """Edges without features: all get one learned vector."""

    def build(self, dim: int) -> nn.Module:
        """Embedding with a single row, read with category 0 by every edge."""
        return CategoricalEmbedding((1,), dim, normal=True)


NodeFeatures = CategoricalFeatures | NumericFeatures
EdgeFeatures = CategoricalFeatures | NumericFeatures | NoFeatures

OGB_ATOM = CategoricalFeatures(sizes=(119, 4, 12, 12, 10, 6, 6, 2, 2))
"""The atom table of the Open Graph Benchmark when the presets were published."""
OGB_BOND = CategoricalFeatures(sizes=(5, 6, 2))


def edge_states(
    embedding: nn.Module, kind: EdgeFeatures, batch: GraphBatch
) -> Float[Tensor, "edges dim"]:
    """The features of every edge through ``kind.build(dim)``.

    Raises ``DataError`` when the batch has no ``edge_attr`` to read.
    """
    if isinstance(kind, NoFeatures):
        return embedding(batch.edge_index[0] * 0)
    if batch.edge_attr is None:
        raise DataError(
            "this model reads edge features; the batch has no edge_attr. "
            "Give the edges features, or configure the model with edges=NoFeatures()"
        )
    return embedding(batch.edge_attr)
