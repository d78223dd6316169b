"""Who takes part: trainable models, and exact references that bound what models can see."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace

from graphformers.checkpoint import PretrainedModel
from graphformers.errors import check_known
from graphformers.expressivity.colour_refinement import one_wl_colours
from graphformers.expressivity.pair_refinement import two_fwl_colours
from graphformers.expressivity.walk_refinement import relative_walk_colours, return_walk_colours
from graphformers.graph_batch import GraphBatch
from graphformers.models import (
    GPS,
    GRIT,
    PPGT,
    GPSConfig,
    GraphTransformer,
    GraphTransformerConfig,
    GRITConfig,
    PPGTConfig,
    VirtualNodeMPNN,
    VirtualNodeMPNNConfig,
)
from graphformers.models.features import CategoricalFeatures, NoFeatures
from graphformers.models.gps.config import GINEConfig
from graphformers.models.gps.inputs import RandomWalkConfig
from graphformers.models.outputs import HalvingHeadConfig
from graphformers.models.virtual_node import EncodingColumns

WALK_STEPS = 32


@dataclass(frozen=True)
class Sizes:
    """What a model is built for: how many types nodes have, how many numbers it gives per graph."""

    node_types: int
    out: int

    @property
    def nodes(self) -> CategoricalFeatures:
        """How a model reads the type of a node."""
        return CategoricalFeatures(sizes=(self.node_types,))

    @property
    def head(self) -> HalvingHeadConfig:
        """A head that sums over the nodes: means hide how many there are."""
        return HalvingHeadConfig(out=self.out, pool="sum")


Builder = Callable[[Sizes], PretrainedModel]
Reference = Callable[[GraphBatch], list[Hashable]]


def _gps(sizes: Sizes, random_walk: RandomWalkConfig | None) -> GPS:
    config = GPSConfig(
        nodes=sizes.nodes,
        edges=NoFeatures(),
        random_walk=random_walk,
        local=GINEConfig(),
        layers=6,
        dim=64,
        heads=4,
        head=sizes.head,
    )
    return GPS(config)


def _graph_transformer(sizes: Sizes) -> GraphTransformer:
    config = GraphTransformerConfig(
        nodes=sizes.nodes, edges=NoFeatures(), layers=6, dim=64, heads=4, head=sizes.head
    )
    return GraphTransformer(config)


def _virtual_node(sizes: Sizes, random_walk: EncodingColumns | None) -> VirtualNodeMPNN:
    config = VirtualNodeMPNNConfig(
        nodes=sizes.nodes,
        edges=NoFeatures(),
        random_walk=random_walk,
        layers=6,
        dim=64,
        head=sizes.head,
    )
    return VirtualNodeMPNN(config)


def _grit(sizes: Sizes) -> GRIT:
    config = GRITConfig(
        nodes=sizes.nodes,
        edges=NoFeatures(),
        walk_channels=WALK_STEPS + 1,
        layers=4,
        dim=32,
        heads=4,
        head=sizes.head,
    )
    return GRIT(config)


def _ppgt(sizes: Sizes) -> PPGT:
    """The published configuration for BREC."""
    published = PPGTConfig.brec()
    return PPGT(replace(published, nodes=sizes.nodes, head=replace(published.head, out=sizes.out)))


MODELS: Mapping[str, Builder] = {
    "gt": _graph_transformer,
    "mpnn-vn": lambda sizes: _virtual_node(sizes, None),
    "mpnn-vn-rwse": lambda sizes: _virtual_node(sizes, EncodingColumns(count=WALK_STEPS, dim=28)),
    "gps": lambda sizes: _gps(sizes, None),
    "gps-rwse": lambda sizes: _gps(sizes, RandomWalkConfig(steps=WALK_STEPS, dim=28)),
    "grit": _grit,
    "ppgt": _ppgt,
}

REFERENCES: Mapping[str, Reference] = {
    "1-wl": one_wl_colours,
    "1-wl-rwse": lambda graphs: return_walk_colours(graphs, WALK_STEPS),
    "wl-rrwp": lambda graphs: relative_walk_colours(graphs, WALK_STEPS),
    "2-fwl": two_fwl_colours,
}


def check_names(names: list[str]) -> None:
    """Raise ``ConfigError`` for a name that nobody has."""
    for name in names:
        check_known(name, [*REFERENCES, *MODELS], "no contender")
