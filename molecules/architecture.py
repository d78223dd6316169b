"""The GPS configurations offered for tables of molecules."""

from collections.abc import Callable
from dataclasses import replace

from graphformers.checkpoint import preset_names
from graphformers.errors import ConfigError, nearest_name
from graphformers.models import GPSConfig
from graphformers.models.features import CategoricalFeatures
from graphformers.models.gps import GINEConfig, RandomWalkConfig
from graphformers.models.outputs import HalvingHeadConfig
from graphformers.molecules.vocabulary import Vocabulary
from graphformers.training import TrainingConfig


def gps_for_molecules(preset: str, vocabulary: Vocabulary, num_targets: int) -> GPSConfig:
    """A GPS configuration that reads this vocabulary and predicts ``num_targets`` values.

    ``"small"`` is made for tables of a few hundred to a few ten thousand molecules. Every published
    preset of ``GPSConfig`` with a graph-level head serves too; its feature tables and the width of
    its output are replaced.
    """
    presets = _presets()
    if preset not in presets:
        raise ConfigError(
            f"no preset {preset!r} for molecules{nearest_name(preset, list(presets))} "
            f"(there are {', '.join(presets)})"
        )
    config = presets[preset]()
    return replace(
        config,
        nodes=CategoricalFeatures(sizes=vocabulary.atom_sizes),
        edges=CategoricalFeatures(sizes=vocabulary.bond_sizes),
        head=replace(config.head, out=num_targets),
    )


def training_for_molecules() -> TrainingConfig:
    """Training that suits the ``"small"`` preset: one to two minutes for a thousand molecules."""
    return TrainingConfig(epochs=60, warmup_epochs=2.0, average_decay=0.995, threads=1)


def molecule_presets() -> list[str]:
    """Names ``gps_for_molecules`` takes."""
    return list(_presets())


def _presets() -> dict[str, Callable[[], GPSConfig]]:
    published: dict[str, Callable[[], GPSConfig]] = {
        name: getattr(GPSConfig, name.replace("-", "_"))
        for name in preset_names(GPSConfig)
        if name not in ("cifar10", "cluster")
    }
    return {"small": _small, **published}


def _small() -> GPSConfig:
    return GPSConfig(
        nodes=CategoricalFeatures(sizes=(1,)),
        edges=CategoricalFeatures(sizes=(1,)),
        random_walk=RandomWalkConfig(steps=16, dim=16),
        local=GINEConfig(),
        layers=4,
        dim=64,
        heads=4,
        dropout=0.1,
        attention_dropout=0.1,
        head=HalvingHeadConfig(out=1, pool="sum"),
    )
