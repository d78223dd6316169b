"""Every model of fields on meshes by its name on the command line."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from graphformers.checkpoint import PretrainedModel, preset_config
from graphformers.configuration import config_from_json, config_to_json
from graphformers.errors import check_known
from graphformers.physics.models import (
    ABUPTField,
    ABUPTFieldConfig,
    FourierAttentionNeuralOperator,
    FourierAttentionNeuralOperatorConfig,
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
    ViTNeuralOperator,
    ViTNeuralOperatorConfig,
    VoltField,
    VoltFieldConfig,
)
from graphformers.physics.small_models import (
    small_ab_upt,
    small_fano,
    small_mesh_graph_net,
    small_mesh_transformer,
    small_physgto,
    small_tno,
    small_transolver,
    small_vitno,
    small_volt,
)
from graphformers.published import SMALL, Published
from graphformers.training import TrainingConfig

FOUND = ("task", "space")  # settings that the cases decide

FieldConfig: TypeAlias = (
    ABUPTFieldConfig
    | FourierAttentionNeuralOperatorConfig
    | MeshGraphNetConfig
    | MeshTransformerConfig
    | PhysGTOConfig
    | TransformerNeuralOperatorConfig
    | TransolverConfig
    | ViTNeuralOperatorConfig
    | VoltFieldConfig
)


@dataclass(frozen=True, kw_only=True)
class FieldSystem(Published[PretrainedModel, FieldConfig]):
    """One published model of fields: its class, a small configuration, and who published it.

    ``small`` suits a few hundred meshes of a few thousand points. ``point_share`` is the share of
    the points it sees in one training step unless told otherwise. ``reads_edges`` says whether it
    looks at the edges of the mesh.
    """

    small: Callable[[], FieldConfig]
    point_share: float
    reads_edges: bool

    @property
    def presets(self) -> tuple[str, ...]:
        """``"small"`` and the published configurations; those on lines are for Python alone."""
        return tuple(
            name
            for name in super().presets
            if name == SMALL or preset_config(self.model.config_class, name).space > 1
        )

    def config(self, preset: str = SMALL) -> FieldConfig:
        """A configuration by name; ``ConfigError`` for one that the system does not have."""
        return self.small() if preset == SMALL else self.published(preset)

    def changed(self, config: FieldConfig, settings: Mapping[str, object]) -> FieldConfig:
        """The configuration with some settings replaced, given as plain values.

        Raises ``ConfigError`` for a setting it does not have, or that the cases decide.
        """
        known = [one.name for one in dataclasses.fields(config) if one.name not in FOUND]
        for name in settings:
            check_known(name, known, f"{self.name} has no setting")
        return config_from_json(type(config), {**config_to_json(config), **settings})

    def fitted(
        self, config: FieldConfig, task: StaticTask | TransientTask, space: int
    ) -> FieldConfig:
        """The configuration for what the cases say: columns in and out, and space dimension."""
        return dataclasses.replace(config, task=task, space=space)


_ALL = (
    FieldSystem(
        name="physgto",
        model=PhysGTO,
        small=small_physgto,
        point_share=0.15,
        reads_edges=True,
        source="Liu et al. 2025, arXiv:2512.10227",
    ),
    FieldSystem(
        name="ab-upt",
        model=ABUPTField,
        small=small_ab_upt,
        point_share=0.25,
        reads_edges=False,
        source="Alkin et al. 2025, arXiv:2502.09692",
    ),
    FieldSystem(
        name="mesh-transformer",
        model=MeshTransformer,
        small=small_mesh_transformer,
        point_share=1.0,
        reads_edges=True,
        source="Garnier et al. 2025, arXiv:2508.18051",
    ),
    FieldSystem(
        name="volt",
        model=VoltField,
        small=small_volt,
        point_share=0.5,
        reads_edges=False,
        source="Yilmaz et al. 2026, arXiv:2604.19609",
    ),
    FieldSystem(
        name="tno",
        model=TransformerNeuralOperator,
        small=small_tno,
        point_share=0.1,
        reads_edges=False,
        source="Calvello et al. 2024, arXiv:2406.06486",
    ),
    FieldSystem(
        name="vitno",
        model=ViTNeuralOperator,
        small=small_vitno,
        point_share=1.0,
        reads_edges=False,
        source="Calvello et al. 2024, arXiv:2406.06486",
    ),
    FieldSystem(
        name="fano",
        model=FourierAttentionNeuralOperator,
        small=small_fano,
        point_share=1.0,
        reads_edges=False,
        source="Calvello et al. 2024, arXiv:2406.06486",
    ),
    FieldSystem(
        name="transolver",
        model=Transolver,
        small=small_transolver,
        point_share=0.25,
        reads_edges=False,
        source="Wu et al. 2024, arXiv:2402.02366",
    ),
    FieldSystem(
        name="mesh-graph-net",
        model=MeshGraphNet,
        small=small_mesh_graph_net,
        point_share=1.0,
        reads_edges=True,
        source="Pfaff et al. 2021, arXiv:2010.03409",
    ),
)
FIELD_SYSTEMS: Mapping[str, FieldSystem] = {one.name: one for one in _ALL}


def training_for_fields() -> TrainingConfig:
    """Training that suits the ``"small"`` configurations: minutes for a hundred 2-D meshes."""
    return TrainingConfig(
        epochs=40,
        batch_size=1,
        learning_rate=2e-3,
        weight_decay=1e-4,
        warmup_epochs=1.0,
        threads=1,
    )


def find_field_system(name: str) -> FieldSystem:
    """The system of that name; ``ConfigError`` names the nearest."""
    check_known(name, FIELD_SYSTEMS, "no model")
    return FIELD_SYSTEMS[name]
