"""GT: attention along edges, with a stream of edge features."""

from collections.abc import Mapping
from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.encodings import node_encoding
from graphformers.graph_batch import GraphBatch
from graphformers.models.features import edge_states
from graphformers.models.graph_model import PublishedGraphModel
from graphformers.models.graph_transformer.config import GraphTransformerConfig
from graphformers.models.graph_transformer.official import official_names, official_tensors
from graphformers.models.official_weights import Renaming


@final
class GraphTransformer(PublishedGraphModel[GraphTransformerConfig]):
    r"""Transformer whose nodes attend to their neighbours, at a cost linear in the edges.

    .. math:: x^0 = \mathrm{Drop}(\mathrm{features}) + W (v_1, \dots, v_k) + T[c], \qquad
              (x^{l+1}, e^{l+1}) = \mathrm{GraphTransformerBlock}(x^l, e^l), \qquad
              y = \mathrm{Head}(x^L)

    with Laplacian eigenvectors :math:`v` and, where configured, colours :math:`c` of the nodes.

    Source: Dwivedi and Bresson 2020, arXiv:2012.09699.
    """

    config_class = GraphTransformerConfig

    def __init__(self, config: GraphTransformerConfig):
        super().__init__()
        self.config = config
        self.node_features = config.nodes.build(config.dim)
        self.edge_features = config.edges.build(config.dim)
        self.eigenvectors = config.eigenvectors.build(config.dim) if config.eigenvectors else None
        self.colours = config.colours.build(config.dim) if config.colours else None
        self.input_dropout = nn.Dropout(config.input_dropout)
        self.blocks = nn.ModuleList(config.block() for _ in range(config.layers))
        self.head = config.head.build(config.dim, "relu")

    def node_states(self, batch: GraphBatch) -> Float[Tensor, "nodes dim"]:
        """Node features after the last block: what the head reads."""
        x, edge = self.embed(batch)
        for block in self.blocks:
            x, edge = block(x, edge, batch.edges)
        return x

    def embed(
        self, batch: GraphBatch
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges dim"]]:
        """Node features with their encodings, and edge features: the input of the first block."""
        x = self.input_dropout(self.node_features(batch.x))
        config = self.config
        if self.eigenvectors is not None and config.eigenvectors is not None:
            vectors, _ = node_encoding(batch, config.eigenvectors.encoding)
            x = x + self.eigenvectors(vectors, batch.ptr)
        if self.colours is not None and config.colours is not None:
            (colours,) = node_encoding(batch, config.colours.encoding)
            x = x + self.colours(colours)
        return x, edge_states(self.edge_features, config.edges, batch)

    @classmethod
    def official_names(
        cls, config: GraphTransformerConfig, theirs: Mapping[str, Tensor]
    ) -> Renaming:
        """Names in graphdeeplearning/graphtransformer."""
        return official_names(config)

    @classmethod
    def official_tensors(
        cls, state_dict: Mapping[str, Tensor], config: GraphTransformerConfig
    ) -> Mapping[str, Tensor]:
        """Edges without features share one vector: the image of their constant feature 1."""
        return official_tensors(state_dict, config)
