"""Every model of fields on meshes by its name on the command line."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from graphformers.checkpoint import PretrainedModel, preset_names
from graphformers.configuration import config_from_json, config_to_json
from graphformers.errors import ConfigError, nearest_name
from graphformers.physics.models import (
    ABUPTField,
    ABUPTFieldConfig,
    MeshGraphNet,
    MeshGraphNetConfig,
    MeshTransformer,
    MeshTransformerConfig,
    PhysGTO,
    PhysGTOConfig,
    StaticTask,
    TransformerNeuralOperator,
    TransformerNeuralOperatorConfig,
    TransientTask,
    Transolver,
    TransolverConfig,
    VoltField,
    VoltFieldConfig,
)
from graphformers.physics.small_models import (
    small_ab_upt,
    small_mesh_graph_net,
    small_mesh_transformer,
    small_physgto,
    small_tno,
    small_transolver,
    small_volt,
)

SMALL = "small"
FOUND = ("task", "space")  # settings that the cases decide

FieldConfig: TypeAlias = (
    ABUPTFieldConfig
    | MeshGraphNetConfig
    | MeshTransformerConfig
    | PhysGTOConfig
    | TransformerNeuralOperatorConfig
    | TransolverConfig
    | VoltFieldConfig
)


@dataclass(frozen=True, kw_only=True)
class FieldSystem:
    """One published model of fields: its class, a small configuration, and who published it.

    ``small`` suits a few hundred meshes of a few thousand points. ``point_share`` is the share of
    the points it sees in one training step unless told otherwise.
    """

    name: str
    model: type[PretrainedModel]
    small: Callable[[], FieldConfig]
    point_share: float
    source: str

    @property
    def presets(self) -> tuple[str, ...]:
        """``"small"`` and the published configurations."""
        return (SMALL, *preset_names(self.model.config_class))

    def config(self, preset: str = SMALL) -> FieldConfig:
        """A configuration by name; ``ConfigError`` for one that the system does not have."""
        if preset not in self.presets:
            raise ConfigError(
                f"{self.name} has no preset {preset!r}{nearest_name(preset, list(self.presets))} "
                f"(it has {', '.join(self.presets)})"
            )
        if preset == SMALL:
            return self.small()
        return getattr(self.model.config_class, preset.replace("-", "_"))()

    def changed(self, config: FieldConfig, settings: Mapping[str, object]) -> FieldConfig:
        """The configuration with some settings replaced, given as plain values.

        Raises ``ConfigError`` for a setting it does not have, or that the cases decide.
        """
        known = [one.name for one in dataclasses.fields(config) if one.name not in FOUND]
        for name in settings:
            if name not in known:
                raise ConfigError(
                    f"{self.name} has no setting {name!r}{nearest_name(name, known)} "
                    f"(it has {', '.join(known)})"
                )
        return config_from_json(type(config), {**config_to_json(config), **settings})

    def fitted(
        self, config: FieldConfig, task: StaticTask | TransientTask, space: int
    ) -> FieldConfig:
        """The configuration for what the cases say: columns in and out, and space dimension."""
        return dataclasses.replace(config, task=task, space=space)

    def build(self, config: FieldConfig) -> PretrainedModel:
        """The model of a configuration, with fresh weights."""
        return cast("Callable[[FieldConfig], PretrainedModel]", self.model)(config)


_ALL = (
    FieldSystem(
        name="physgto",
        model=PhysGTO,
        small=small_physgto,
        point_share=0.15,
        source="Liu et al. 2025, arXiv:2512.10227",
    ),
    FieldSystem(
        name="ab-upt",
        model=ABUPTField,
        small=small_ab_upt,
        point_share=0.25,
        source="Alkin et al. 2025, arXiv:2502.09692",
    ),
    FieldSystem(
        name="mesh-transformer",
        model=MeshTransformer,
        small=small_mesh_transformer,
        point_share=1.0,
        source="Garnier et al. 2025, arXiv:2508.18051",
    ),
    FieldSystem(
        name="volt",
        model=VoltField,
        small=small_volt,
        point_share=0.5,
        source="Yilmaz et al. 2026, arXiv:2604.19609",
    ),
    FieldSystem(
        name="tno",
        model=TransformerNeuralOperator,
        small=small_tno,
        point_share=0.1,
        source="Calvello et al. 2024, arXiv:2406.06486",
    ),
    FieldSystem(
        name="transolver",
        model=Transolver,
        small=small_transolver,
        point_share=0.25,
        source="Wu et al. 2024, arXiv:2402.02366",
    ),
    FieldSystem(
        name="mesh-graph-net",
        model=MeshGraphNet,
        small=small_mesh_graph_net,
        point_share=1.0,
        source="Pfaff et al. 2021, arXiv:2010.03409",
    ),
)
FIELD_SYSTEMS: Mapping[str, FieldSystem] = {one.name: one for one in _ALL}


def find_field_system(name: str) -> FieldSystem:
    """The system of that name; ``ConfigError`` names the nearest."""
    if name not in FIELD_SYSTEMS:
        known = list(FIELD_SYSTEMS)
        raise ConfigError(
            f"no model {name!r}{nearest_name(name, known)} (known: {', '.join(known)})"
        )
    return FIELD_SYSTEMS[name]
