"""One configuration of every system for tables of a few hundred to a few ten thousand graphs.

All have four layers of width 64 and tables of categories drawn from N(0, 1), as in the published
configurations for ZINC: tables with Xavier's bound, smaller the more categories there are, leave
atoms and bonds faint beside the random walks. Their features and the width of the output are to be
replaced.
"""

from graphformers.encodings import RelativeRandomWalk
from graphformers.models import (
    GPSConfig,
    GraphTransformerConfig,
    GRITConfig,
    PPGTConfig,
    VirtualNodeMPNNConfig,
)
from graphformers.models.features import CategoricalFeatures
from graphformers.models.gps import GINEConfig, RandomWalkConfig
from graphformers.models.graph_transformer import EigenvectorMapConfig
from graphformers.models.outputs import HalvingHeadConfig, NodeHeadConfig
from graphformers.models.ppgt import GELUGraphHeadConfig, GELUNodeHeadConfig, PairConfig
from graphformers.models.virtual_node import EncodingColumns
from graphformers.systems.adapted import Level

LAYERS = 4
DIM = 64
DROPOUT = 0.1
WALK_STEPS = 16
FEATURES = CategoricalFeatures(sizes=(1,), normal=True)


def small_gps(level: Level = "graph") -> GPSConfig:
    """GINE beside attention, with random walks."""
    return GPSConfig(
        nodes=FEATURES,
        edges=FEATURES,
        random_walk=RandomWalkConfig(steps=WALK_STEPS, dim=16),
        local=GINEConfig(),
        layers=LAYERS,
        dim=DIM,
        heads=4,
        dropout=DROPOUT,
        attention_dropout=DROPOUT,
        head=_head(level),
    )


def small_grit(level: Level = "graph") -> GRITConfig:
    """Attention over all pairs, with relative random walks."""
    return GRITConfig(
        nodes=FEATURES,
        edges=FEATURES,
        walk_channels=WALK_STEPS + 1,
        layers=LAYERS,
        dim=DIM,
        heads=8,
        dropout=DROPOUT,
        attention_dropout=DROPOUT,
        head=_head(level),
    )


def small_ppgt(level: Level = "graph") -> PPGTConfig:
    """Attention by squared distance over all pairs, with relative random walks."""
    on_graphs = GELUGraphHeadConfig(out=1, pool="sum", layers=3)
    return PPGTConfig(
        nodes=FEATURES,
        edges=FEATURES,
        walk=RelativeRandomWalk(steps=WALK_STEPS, direction="undirected"),
        pair=PairConfig(dim=DIM),
        layers=LAYERS,
        dim=DIM,
        heads=8,
        drop_path=DROPOUT,
        attention_dropout=DROPOUT,
        head=on_graphs if level == "graph" else GELUNodeHeadConfig(out=1, layers=3),
    )


def small_graph_transformer(level: Level = "graph") -> GraphTransformerConfig:
    """Attention along edges, with Laplacian eigenvectors."""
    on_graphs = HalvingHeadConfig(out=1, pool="sum")
    return GraphTransformerConfig(
        nodes=FEATURES,
        edges=FEATURES,
        eigenvectors=EigenvectorMapConfig(count=8),
        layers=LAYERS,
        dim=DIM,
        heads=8,
        dropout=DROPOUT,
        head=on_graphs if level == "graph" else NodeHeadConfig(out=1, layers=3),
    )


def small_virtual_node_mpnn(level: Level = "graph") -> VirtualNodeMPNNConfig:
    """Message passing with a virtual node, with random walks."""
    return VirtualNodeMPNNConfig(
        nodes=FEATURES,
        edges=FEATURES,
        random_walk=EncodingColumns(count=WALK_STEPS, dim=16),
        layers=LAYERS,
        dim=DIM,
        dropout=DROPOUT,
        head=_head(level),
    )


def _head(level: Level) -> HalvingHeadConfig | NodeHeadConfig:
    return (
        HalvingHeadConfig(out=1, pool="sum")
        if level == "graph"
        else NodeHeadConfig(out=1, layers=3)
    )
