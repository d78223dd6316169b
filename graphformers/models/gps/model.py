"""GPS: message passing and full attention in parallel."""

from collections.abc import Mapping
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.errors import DataError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern
from graphformers.layers.gps_block import GPSBlock
from graphformers.layers.graph_attention import GraphAttention
from graphformers.layers.padded_rows import PaddedRows
from graphformers.models.features import edge_states
from graphformers.models.gps.config import GPSConfig
from graphformers.models.gps.official import official_names
from graphformers.models.graph_model import PublishedGraphModel
from graphformers.models.official_weights import Renaming


@final
class GPS(PublishedGraphModel[GPSConfig]):
    r"""Graph transformer for small graphs: molecules, superpixels, communities.

    .. math:: x^0 = [\,\mathrm{features} \,\|\, \mathrm{eigenvectors} \,\|\, \mathrm{walks}\,],
              \qquad (x^{l+1}, e^{l+1}) = \mathrm{GPSBlock}(x^l, e^l), \qquad y = \mathrm{Head}(x^L)

    In the padded layout ``torch.compile`` makes a single graph of it, whatever the sizes, and
    ``torch.export`` takes any number of graphs: wrap the model in a module that builds the
    ``GraphBatch`` from its tensors. The number of pairs, which the sparse layout needs, is data:
    there, ask for ``batch.pairs`` and ``batch.edges`` before calling a compiled model.

    Source: Rampášek et al. 2022, arXiv:2205.12454.
    """

    config_class = GPSConfig

    def __init__(self, config: GPSConfig):
        super().__init__()
        self.config = config
        self.node_features = config.nodes.build(config.feature_dim)
        self.edge_features = config.edges.build(config.dim)
        self.eigenvectors = config.eigenvectors.build() if config.eigenvectors else None
        self.random_walk = config.random_walk.build() if config.random_walk else None
        self.blocks = nn.ModuleList(_block(config) for _ in range(config.layers))
        self.head = config.head.build(config.dim, config.activation)

    def node_states(self, batch: GraphBatch) -> Float[Tensor, "nodes dim"]:
        """Node features after the last block: what the head reads."""
        x, edge = self.embed(batch)
        graphs = self.attention_layout(batch)
        for block in self.blocks:
            x, edge = block(x, edge, batch.edges, graphs)
        return x

    def embed(
        self, batch: GraphBatch
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges dim"]]:
        """Node features beside their encodings, and edge features: the input of the first block."""
        columns = [self.node_features(batch.x)]
        if self.eigenvectors is not None:
            count = self.eigenvectors.frequencies
            vectors = self._encoding(batch, "eigenvectors", count)
            values = self._encoding(batch, "eigenvalues", count)
            columns.append(self.eigenvectors(vectors, values, batch.ptr))
        if self.random_walk is not None:
            columns.append(self.random_walk(self._encoding(batch, "rwse", self.random_walk.steps)))
        return torch.cat(columns, dim=-1), edge_states(self.edge_features, self.config.edges, batch)

    def attention_layout(self, batch: GraphBatch) -> SparsePattern | PaddedRows:
        """Layout in which every block attends."""
        if self.config.layout == "padded":
            return PaddedRows(batch.ptr, batch.num_nodes)
        return batch.pairs

    @classmethod
    def official_names(cls, config: GPSConfig, theirs: Mapping[str, Tensor]) -> Renaming:
        """Names in rampasek/GraphGPS."""
        return official_names(config, theirs)

    def _encoding(self, batch: GraphBatch, name: str, width: int) -> Tensor:
        if name not in batch.encodings:
            raise DataError(
                f"this model needs the encoding {name!r}; the batch has "
                f"{', '.join(batch.encodings) or 'none'}. Compute it first: "
                "batch = graphformers.encodings.encode(batch, model.config.encodings)"
            )
        encoding = batch.encodings[name]
        if encoding.shape[1:] != (width,):
            raise ShapeError(
                f"encoding {name!r} must be (nodes, {width}); got {tuple(encoding.shape)}"
            )
        return encoding


def _block(config: GPSConfig) -> GPSBlock:
    local = config.local.build(config.dim, dropout=config.dropout, activation=config.activation)
    attention = GraphAttention(config.dim, config.heads, dropout=config.attention_dropout)
    return GPSBlock(
        config.dim, local, attention, dropout=config.dropout, activation=config.activation
    )
