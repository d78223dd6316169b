"""PPGT: a plain transformer on the nodes of a graph."""

from collections.abc import Mapping
from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from graphformers.encodings import pair_encoding
from graphformers.graph_batch import GraphBatch
from graphformers.kernels import SparsePattern
from graphformers.layers.adaptive_mlp_stack import AdaptiveMLPStack
from graphformers.layers.adaptive_rms_norm import AdaptiveRMSNorm
from graphformers.layers.numeric import NumericEmbedding
from graphformers.layers.pair_bias_gate import PairBiasGate
from graphformers.layers.pair_slots import pair_slots
from graphformers.layers.ppgt_block import PPGTBlock
from graphformers.layers.sinusoidal_mlp import SinusoidalMLP
from graphformers.layers.squared_distance_attention import SquaredDistanceAttention
from graphformers.layers.truncated_normal import truncated_normal_
from graphformers.models.features import edge_states
from graphformers.models.graph_model import PublishedGraphModel
from graphformers.models.official_weights import Renaming
from graphformers.models.ppgt.config import PPGTConfig
from graphformers.models.ppgt.inputs import input_columns
from graphformers.models.ppgt.official import official_names, official_tensors


@final
class PPGT(PublishedGraphModel[PPGTConfig]):
    r"""Plain transformer for graphs of up to a few hundred nodes.

    .. math::
        x^0_i &= \mathrm{features}_i + \sum_c W_c c_i, \qquad
                 c \in \{r_{ii}, \log(1 + d_i), \log(1 + n)\} \\
        e_{ij} &= \mathrm{MLPs}\bigl(\mathrm{SineMLP}(r_{ij}, \tfrac1n, \tfrac1{d_j},
                  \tfrac1{d_i}) + \mathrm{edges}_{ij}\bigr), \qquad
                  [\,b^l, g^l\,] = W^l e + [\,0, 1\,] \\
        x^{l+1} &= \mathrm{PPGTBlock}(x^l, b^l, g^l), \qquad
                   y = \mathrm{Head}(\mathrm{AdaRMSN}(x^L))

    with the probabilities :math:`r` of random walks between the nodes of a pair, degrees
    :math:`d` that count neighbours, and graph size :math:`n`. The features of pairs are made
    once and serve all layers.

    ``torch.compile`` makes a single graph of it when ``batch.pairs`` was asked for before, and
    ``torch.export`` takes any graphs when the batch carries its encoding of pairs, whose rows tell
    how many there are. With ``hops`` that number is data: neither works in one graph.

    Source: Ma et al. 2025, arXiv:2504.12588. Ours works on a list of the pairs inside graphs, not
    on a padded table, and makes the biases and gates of all layers in one product. Class attention
    (for citation graphs) and the options that all published configurations switch off are absent.
    """

    config_class = PPGTConfig

    def __init__(self, config: PPGTConfig):
        super().__init__()
        self.config, pair = config, config.pair
        self.node_features = config.nodes.build(config.dim)
        self.edge_features = config.edges.build(pair.dim) if config.edges else None
        self.node_columns = nn.ModuleList(
            _linear(width, config.dim) for width in config.node_columns
        )
        self.pair_columns = SinusoidalMLP(
            config.pair_columns, pair.hidden, pair.dim, octaves=pair.octaves
        )
        self.pair_mlps = AdaptiveMLPStack(
            pair.dim,
            pair.layers,
            ratio=pair.ratio,
            norm_first=pair.norm_first,
            layer_scale_from=pair.layer_scale,
        )
        self.pair_maps = PairBiasGate(pair.dim, config.heads, config.layers)
        self.first_norm = AdaptiveRMSNorm(config.dim) if config.norm_first else nn.Identity()
        self.blocks = nn.ModuleList(_block(config) for _ in range(config.layers))
        self.last_norm = AdaptiveRMSNorm(config.dim)
        self.head = config.head.build(config.dim)
        for features in (self.node_features, self.edge_features):
            if isinstance(features, NumericEmbedding):
                truncated_normal_(features.linear)

    def node_states(self, batch: GraphBatch) -> Float[Tensor, "nodes dim"]:
        """Node features after the last block and its norm: what the head reads."""
        pattern = self.attention_pattern(batch)
        x, pair = self.embed(batch, pattern)
        for block, (bias, gate) in zip(self.blocks, self.pair_maps(pair), strict=True):
            x = block(x, batch.ptr, pattern, bias, gate)
        return self.last_norm(x)

    def embed(
        self, batch: GraphBatch, pattern: SparsePattern
    ) -> tuple[Float[Tensor, "nodes dim"], Float[Tensor, "pairs pair_dim"]]:
        """Node features before the first block, and pair features as all blocks use them."""
        walks = pair_encoding(batch, self.config.walk, pattern)
        columns = input_columns(batch, walks, pattern, self.config)
        x = self.node_features(batch.x)
        for linear, values in zip(self.node_columns, columns.nodes, strict=True):
            x = x + linear(values)
        pair = self.pair_columns(columns.pairs)
        if self.edge_features is not None and self.config.edges is not None:
            edge = edge_states(self.edge_features, self.config.edges, batch)
            pair.index_add_(0, pair_slots(pattern, batch.edge_index), edge.to(pair.dtype))
        return self.first_norm(x), self.pair_mlps(pair)

    def attention_pattern(self, batch: GraphBatch) -> SparsePattern:
        """Pairs that attend to each other."""
        if self.config.hops is None:
            return batch.pairs
        either_way = SparsePattern.union([batch.edges, batch.edges.transposed])
        return either_way.k_hop(self.config.hops, include_self=True)

    @classmethod
    def official_names(cls, config: PPGTConfig, theirs: Mapping[str, Tensor]) -> Renaming:
        """Names in LiamMa/PPGT."""
        return official_names(config)

    @classmethod
    def official_tensors(
        cls, state_dict: Mapping[str, Tensor], config: PPGTConfig
    ) -> Mapping[str, Tensor]:
        """One style of names, columns in our order, and no constants."""
        return official_tensors(state_dict, config)


def _linear(dim_in: int, dim: int) -> nn.Linear:
    linear = nn.Linear(dim_in, dim)
    nn.init.kaiming_uniform_(linear.weight, a=1.0)
    nn.init.zeros_(linear.bias)
    return linear


def _block(config: PPGTConfig) -> PPGTBlock:
    attention = SquaredDistanceAttention(
        config.dim, config.heads, dropout=config.attention_dropout, scale_dot=config.scale_dot
    )
    return PPGTBlock(
        attention,
        ratio=config.ratio,
        drop_path=config.drop_path,
        layer_scale_from=config.layer_scale,
    )
