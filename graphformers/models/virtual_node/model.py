"""MPNN + VN: gated graph convolutions along three relations."""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphformers.encodings import Encoding, node_encoding
from graphformers.graph_batch import GraphBatch
from graphformers.layers.virtual_node_graph import VirtualNodeGraph, VirtualNodeInput
from graphformers.models.features import edge_states
from graphformers.models.graph_model import GraphModel
from graphformers.models.virtual_node.config import VirtualNodeMPNNConfig


@final
class VirtualNodeMPNN(GraphModel[VirtualNodeMPNNConfig]):
    r"""Message passing in which a virtual node carries news across its whole graph.

    .. math:: x^0 = [\,\mathrm{features} \,\|\, \mathrm{eigenvectors} \,\|\, \mathrm{walks}\,],
              \qquad (x^{l+1}, v^{l+1}, e^{l+1}) = \mathrm{RelationalGatedGCN}(x^l, v^l, e^l),
              \qquad y = \mathrm{Head}(x^L)

    along three relations: from node to virtual node, back, and from node to node. The head reads
    the nodes without the virtual ones :math:`v`. Cost is linear in nodes and edges,
    and any two nodes of a graph are two steps apart.

    Source: Cai et al. 2023, arXiv:2301.11956; written from a description, without their code.
    """

    config_class = VirtualNodeMPNNConfig

    def __init__(self, config: VirtualNodeMPNNConfig):
        super().__init__()
        self.config = config
        self.node_features = config.nodes.build(config.feature_dim)
        self.edge_features = config.edges.build(config.dim) if config.local_edges else None
        self.eigenvectors = config.eigenvector_encoder()
        self.random_walk = config.walk_encoder()
        self.start = VirtualNodeInput(config.dim)
        self.blocks = nn.ModuleList(config.block() for _ in range(config.layers))
        self.head = config.head.build(config.dim, config.activation)

    def node_states(self, batch: GraphBatch) -> Float[Tensor, "nodes dim"]:
        """Node features after the last block: what the head reads."""
        edge, edges = None, None
        if self.edge_features is not None:
            edge, edges = edge_states(self.edge_features, self.config.edges, batch), batch.edges
        graph = VirtualNodeGraph(batch.ptr, batch.num_nodes, edges)
        x, relations = self.start(self.embed(batch), edge, graph)
        for block in self.blocks:
            x, relations = block(x, relations, graph.pattern)
        return x[: batch.num_nodes]

    def embed(self, batch: GraphBatch) -> Float[Tensor, "nodes dim"]:
        """Node features beside their encodings: what enters the first block."""
        encodings: list[Encoding] = list(self.config.encodings)
        columns = [self.node_features(batch.x)]
        if self.eigenvectors is not None:
            vectors, values = node_encoding(batch, encodings.pop(0))
            columns.append(self.eigenvectors(vectors, values, batch.ptr))
        if self.random_walk is not None:
            (walks,) = node_encoding(batch, encodings.pop(0))
            columns.append(self.random_walk(walks))
        return torch.cat(columns, dim=-1)
