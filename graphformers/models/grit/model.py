"""GRIT: attention over all pairs of nodes, with a stream of pair features."""

from collections.abc import Mapping
from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.encodings import pair_encoding
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern
from graphformers.layers.degree_scaler import log_degrees
from graphformers.layers.grit_attention import GRITAttention
from graphformers.layers.grit_block import GRITBlock
from graphformers.layers.pair_features import PairFeatures, of_nodes
from graphformers.models.features import edge_states
from graphformers.models.graph_model import PublishedGraphModel
from graphformers.models.grit.config import GRITConfig
from graphformers.models.grit.official import official_names, official_tensors
from graphformers.models.official_weights import Renaming


@final
class GRIT(PublishedGraphModel[GRITConfig]):
    r"""Graph transformer without message passing, for graphs of up to a few hundred nodes.

    .. math:: x^0_i = \mathrm{features}_i + W_1 r_{ii}, \qquad
              e^0_{ij} = \mathrm{edges}_{ij} + W_2 r_{ij}, \qquad
              (x^{l+1}, e^{l+1}) = \mathrm{GRITBlock}(x^l, e^l), \qquad y = \mathrm{Head}(x^L)

    with the probabilities :math:`r` of random walks between the nodes of a pair. The number of
    pairs is the sum of the squares of the graphs' sizes; with ``hops`` that of the pairs so near.

    Source: Ma et al. 2023, arXiv:2305.17589. Ours keeps no tensor of pairs that its backward pass
    does not need; parallel edges add up in the pair features, as in theirs.
    """

    config_class = GRITConfig

    def __init__(self, config: GRITConfig):
        super().__init__()
        self.config = config
        self.node_features = config.nodes.build(config.dim)
        self.edge_features = config.edges.build(config.dim)
        self.node_walks = nn.Linear(config.walk_channels, config.dim, bias=False)
        nn.init.xavier_uniform_(self.node_walks.weight)
        self.pair_features = PairFeatures(config.walk_channels, config.dim)
        self.blocks = nn.ModuleList(_block(config) for _ in range(config.layers))
        self.head = config.head.build(config.dim, config.activation)

    def node_states(self, batch: GraphBatch) -> Float[Tensor, "nodes dim"]:
        """Node features after the last block: what the head reads."""
        pattern = self.attention_pattern(batch)
        log_degree = log_degrees(batch, self.node_walks.weight.dtype)
        x, pairs = self.embed(batch, pattern)
        for block in self.blocks:
            x, pairs = block(x, pairs, pattern, log_degree)
        return x

    def embed(
        self, batch: GraphBatch, pattern: SparsePattern
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "pairs dim"]]:
        """Node features and pair features with their random walks: the input of the first block."""
        (encoding,) = self.config.pair_encodings
        walks = pair_encoding(batch, encoding, pattern)
        x = self.node_features(batch.x) + self.node_walks(of_nodes(walks, pattern))
        edge = edge_states(self.edge_features, self.config.edges, batch)
        return x, self.pair_features(walks, edge, batch.edge_index, pattern)

    def attention_pattern(self, batch: GraphBatch) -> SparsePattern:
        """Pairs that attend to each other."""
        if self.config.hops is None:
            return batch.pairs
        return batch.edges.k_hop(self.config.hops, include_self=True)

    @classmethod
    def official_names(cls, config: GRITConfig, theirs: Mapping[str, Tensor]) -> Renaming:
        """Names in LiamMa/GRIT."""
        return official_names(config)

    @classmethod
    def official_tensors(
        cls, state_dict: Mapping[str, Tensor], config: GRITConfig
    ) -> Mapping[str, Tensor]:
        """Axes in our order; the padding of missing pairs is always zero and left out."""
        return official_tensors(state_dict)


def _block(config: GRITConfig) -> GRITBlock:
    attention = GRITAttention(
        config.dim,
        config.heads,
        dropout=config.dropout,
        attention_dropout=config.attention_dropout,
        clamp=config.clamp,
        degree_scaler=config.degree_scaler,
    )
    return GRITBlock(attention, dropout=config.dropout, activation=config.activation)
