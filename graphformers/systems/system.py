"""Every graph model by its name on the command line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from graphformers.errors import check_known
from graphformers.models import GPS, GRIT, PPGT, GraphTransformer, VirtualNodeMPNN
from graphformers.models.graph_model import GraphModel
from graphformers.published import SMALL, Published
from graphformers.systems.adapted import GraphConfig, Level, level_of
from graphformers.systems.small import (
    small_gps,
    small_graph_transformer,
    small_grit,
    small_ppgt,
    small_virtual_node_mpnn,
)


@dataclass(frozen=True, kw_only=True)
class System(Published[GraphModel, GraphConfig]):
    """One published graph model: its class, a small configuration, and who published it."""

    small: Callable[[Level], GraphConfig]

    def config(self, preset: str, level: Level = "graph") -> GraphConfig:
        """A configuration by name; ``level`` is what ``"small"`` predicts for.

        Raises ``ConfigError`` for a name that the system does not have.
        """
        return self.small(level) if preset == SMALL else self.published(preset)

    def presets_for(self, fits: Callable[[GraphConfig], bool]) -> tuple[str, ...]:
        """Names of the configurations that ``fits`` is true of."""
        return tuple(name for name in self.presets if fits(self.config(name)))

    def level_presets(self, level: Level) -> tuple[str, ...]:
        """Names of the configurations that predict for graphs, or for nodes."""
        return tuple(
            name for name in self.presets if name == SMALL or level_of(self.config(name)) == level
        )


_ALL = (
    System(name="gps", model=GPS, small=small_gps, source="Rampášek et al. 2022, arXiv:2205.12454"),
    System(name="grit", model=GRIT, small=small_grit, source="Ma et al. 2023, arXiv:2305.17589"),
    System(name="ppgt", model=PPGT, small=small_ppgt, source="Ma et al. 2025, arXiv:2504.12588"),
    System(
        name="gt",
        model=GraphTransformer,
        small=small_graph_transformer,
        source="Dwivedi and Bresson 2020, arXiv:2012.09699",
    ),
    System(
        name="mpnn-vn",
        model=VirtualNodeMPNN,
        small=small_virtual_node_mpnn,
        source="Cai et al. 2023, arXiv:2301.11956",
    ),
)
SYSTEMS: Mapping[str, System] = {one.name: one for one in _ALL}


def find_system(name: str) -> System:
    """The system of that name; ``ConfigError`` names the nearest."""
    check_known(name, SYSTEMS, "no model")
    return SYSTEMS[name]
