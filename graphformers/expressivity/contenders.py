"""Who takes part: trainable models, and exact references that bound what models can see."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from graphformers.checkpoint import PretrainedModel
from graphformers.errors import ConfigError, nearest_name
from graphformers.expressivity.colour_refinement import one_wl_colours
from graphformers.expressivity.pair_refinement import two_fwl_colours
from graphformers.expressivity.walk_refinement import relative_walk_colours, return_walk_colours
from graphformers.graph_batch import GraphBatch
from graphformers.models import GPS, GPSConfig
from graphformers.models.features import CategoricalFeatures, NoFeatures
from graphformers.models.gps.config import GINEConfig
from graphformers.models.gps.inputs import RandomWalkConfig
from graphformers.models.outputs import HalvingHeadConfig

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
        head=HalvingHeadConfig(out=sizes.out, pool="sum"),
    )
    return GPS(config)


MODELS: Mapping[str, Builder] = {
    "gps": lambda sizes: _gps(sizes, None),
    "gps-rwse": lambda sizes: _gps(sizes, RandomWalkConfig(steps=WALK_STEPS, dim=28)),
}

REFERENCES: Mapping[str, Reference] = {
    "1-wl": one_wl_colours,
    "1-wl-rwse": lambda graphs: return_walk_colours(graphs, WALK_STEPS),
    "wl-rrwp": lambda graphs: relative_walk_colours(graphs, WALK_STEPS),
    "2-fwl": two_fwl_colours,
}


def check_names(names: list[str]) -> None:
    """Raise ``ConfigError`` for a name that nobody has."""
    known = [*REFERENCES, *MODELS]
    for name in names:
        if name not in known:
            raise ConfigError(
                f"no contender {name!r}{nearest_name(name, known)} (there are {', '.join(known)})"
            )
