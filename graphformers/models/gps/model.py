"""GPS: message passing and full attention in parallel."""

from collections.abc import Mapping
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.checkpoint import PretrainedModel
from graphformers.errors import DataError, ModelFileError, ShapeError
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern
from graphformers.layers.gps_block import GPSBlock
from graphformers.layers.graph_attention import GraphAttention
from graphformers.layers.padded_rows import PaddedRows
from graphformers.models.gps.config import GPSConfig
from graphformers.models.gps.inputs import NoFeatures
from graphformers.models.gps.official import convert_official


@final
class GPS(PretrainedModel[GPSConfig]):
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

    def forward(self, batch: GraphBatch) -> Float[Tensor, "rows out"]:
        """Predict one row per graph, or one per node with a ``NodeHead``.

        Raises ``DataError`` when the batch lacks an encoding that ``config.encodings`` asks for.
        """
        return self.head(self.node_states(batch), batch.ptr)

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
        return torch.cat(columns, dim=-1), self._edges(batch)

    def attention_layout(self, batch: GraphBatch) -> SparsePattern | PaddedRows:
        """Layout in which every block attends."""
        if self.config.layout == "padded":
            return PaddedRows(batch.ptr, batch.num_nodes)
        return batch.pairs

    @classmethod
    def from_official(cls, state_dict: Mapping[str, Tensor], config: GPSConfig) -> "GPS":
        """A model with weights in the authors' layout, in evaluation mode.

        ``state_dict`` is the ``model_state`` of a checkpoint; names may start with ``model.``.
        Raises ``ModelFileError`` when names or shapes do not belong to the configuration.
        """
        model = cls(config)
        converted = convert_official(state_dict, config, model.state_dict())
        try:
            model.load_state_dict(converted)
        except RuntimeError as error:
            raise ModelFileError(f"the weights do not fit the configuration: {error}") from error
        return model.eval()

    def _edges(self, batch: GraphBatch) -> Tensor:
        if isinstance(self.config.edges, NoFeatures):
            return self.edge_features(batch.edge_index[0] * 0)
        if batch.edge_attr is None:
            raise DataError("this model reads edge features; the batch has no edge_attr")
        return self.edge_features(batch.edge_attr)

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
    return GPSBlock(local, attention, dropout=config.dropout, activation=config.activation)
