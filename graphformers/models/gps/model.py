"""GPS: message passing and full attention in parallel."""

from collections.abc import Mapping
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.encodings import node_encoding
from graphformers.graph_batch import GraphBatch
from graphformers.layers.bias_grid import bias_grid
from graphformers.layers.global_layer import GraphLayout
from graphformers.layers.gps_block import GPSBlock
from graphformers.layers.padded_rows import PaddedRows
from graphformers.models.features import edge_states
from graphformers.models.gps.attention import FULL_ATTENTION
from graphformers.models.gps.config import GPSConfig
from graphformers.models.gps.official import official_names, official_tensors
from graphformers.models.graph_model import PublishedGraphModel
from graphformers.models.official_weights import Renaming


@final
class GPS(PublishedGraphModel[GPSConfig]):
    r"""Graph transformer for small graphs: molecules, superpixels, communities.

    .. math:: x^0 = [\,\mathrm{features} + \mathrm{degrees} \,\|\, \mathrm{eigenvectors}
              \,\|\, \mathrm{walks} \,\|\, \mathrm{statistics}\,],
              \qquad (x^{l+1}, e^{l+1}) = \mathrm{GPSBlock}(x^l, e^l), \qquad y = \mathrm{Head}(x^L)

    Each encoding is there when the configuration asks for it; eigenvectors may also weigh messages
    by distance, and shortest paths bias the attention.

    In the padded layout ``torch.compile`` makes a single graph of it, whatever the sizes, and
    ``torch.export`` takes any number of graphs: wrap the model in a module that builds the
    ``GraphBatch`` from its tensors. The number of pairs, which the sparse layout needs, is data:
    there, ask for ``batch.pairs`` and ``batch.edges`` before calling a compiled model.

    Source: Rampášek et al. 2022, arXiv:2205.12454. Not here: their graph token, which stands before
    the nodes of a graph without the edges being renumbered, and blocks with layer normalisation or
    none in place of batch normalisation.
    """

    config_class = GPSConfig

    def __init__(self, config: GPSConfig):
        super().__init__()
        self.config = config
        self.node_features = config.nodes.build(config.feature_dim)
        self.edge_features = config.edges.build(config.edge_dim)
        self.eigenvectors = config.eigenvectors.build() if config.eigenvectors else None
        self.sign_net = config.sign_net.build() if config.sign_net else None
        self.random_walk = config.random_walk.build() if config.random_walk else None
        self.heat_kernel = config.heat_kernel.build() if config.heat_kernel else None
        self.electrostatic = config.electrostatic.build() if config.electrostatic else None
        self.stable = config.stable.build(config.dim) if config.stable else None
        graphormer = config.graphormer
        self.degrees = graphormer.build(config.feature_dim) if graphormer else None
        self.graphormer = graphormer.build_bias(config.edges, config.heads) if graphormer else None
        self.blocks = nn.ModuleList(_block(config) for _ in range(config.layers))
        self.head = config.head.build(config.dim, config.activation)

    def node_states(self, batch: GraphBatch) -> Float[Tensor, "nodes dim"]:
        """Node features after the last block: what the head reads."""
        x, edge = self.embed(batch)
        graphs, distance = self.attention_layout(batch), self.distances(batch)
        bias = self.attention_bias(batch, graphs)
        for block in self.blocks:
            x, edge = block(x, edge, batch.edges, graphs, bias=bias, distance=distance)
        return x

    def embed(
        self, batch: GraphBatch
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "edges edge_dim"]]:
        """Node features beside their encodings, and edge features: the input of the first block."""
        config, columns = self.config, [self.node_features(batch.x)]
        if self.degrees is not None:
            columns[0] = columns[0] + self.degrees(batch.edges)
        if self.eigenvectors is not None and config.eigenvectors is not None:
            vectors, values = node_encoding(batch, config.eigenvectors.encoding)
            columns.append(self.eigenvectors(vectors, values, batch.ptr))
        if self.sign_net is not None and config.sign_net is not None:
            vectors, _ = node_encoding(batch, config.sign_net.encoding)
            columns.append(self.sign_net(vectors, batch.edges))
        for network, one in (
            (self.random_walk, config.random_walk),
            (self.heat_kernel, config.heat_kernel),
            (self.electrostatic, config.electrostatic),
        ):
            if network is not None and one is not None:
                columns.append(network(*node_encoding(batch, one.encoding)))
        return torch.cat(columns, dim=-1), edge_states(self.edge_features, config.edges, batch)

    def attention_layout(self, batch: GraphBatch) -> GraphLayout:
        """Layout in which every block attends."""
        attention = self.config.attention or FULL_ATTENTION
        return attention.layout(batch, self.config.layout)

    def attention_bias(self, batch: GraphBatch, graphs: GraphLayout) -> Float[Tensor, "..."] | None:
        """What every block adds to the logits of its attention, in the layout ``graphs``."""
        if self.graphormer is None:
            return None
        bias = self.graphormer(batch)
        return bias_grid(bias, batch.pairs, graphs) if isinstance(graphs, PaddedRows) else bias

    def distances(self, batch: GraphBatch) -> Float[Tensor, " edges"] | None:
        """Squared distance of the ends of every edge, for layers that weigh messages with it."""
        if self.stable is None or self.config.stable is None:
            return None
        vectors, _ = node_encoding(batch, self.config.stable.encoding)
        return self.stable(vectors, batch.edges)

    @classmethod
    def official_names(cls, config: GPSConfig, theirs: Mapping[str, Tensor]) -> Renaming:
        """Names in rampasek/GraphGPS."""
        return official_names(config, theirs)

    @classmethod
    def official_tensors(
        cls, state_dict: Mapping[str, Tensor], config: GPSConfig
    ) -> Mapping[str, Tensor]:
        """Their tensors in our shapes, whatever their release of torch-geometric."""
        return official_tensors(state_dict, config)


def _block(config: GPSConfig) -> GPSBlock:
    dim, dropout = config.dim, config.attention_dropout
    return GPSBlock(
        dim,
        config.local and config.local.build(config.layer_shape),
        config.attention and config.attention.build(dim, config.heads, dropout),
        dropout=config.dropout,
        activation=config.activation,
    )
