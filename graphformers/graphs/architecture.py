"""The model configurations offered for sets of graphs."""

from graphformers.errors import ConfigError, check_known
from graphformers.graphs.features import FeatureCode
from graphformers.models.features import NoFeatures
from graphformers.systems import GraphConfig, Level, adapted, find_system
from graphformers.training import TrainingConfig


def config_for_graphs(
    model: str, preset: str, level: Level, nodes: FeatureCode, edges: FeatureCode, out: int
) -> GraphConfig:
    """A configuration that reads these features and predicts ``out`` columns.

    ``"small"`` is made for a few hundred to a few ten thousand graphs. Every published preset that
    predicts for graphs, or for nodes, serves too; its feature tables and the width of its output
    are replaced.
    """
    presets = find_system(model).level_presets(level)
    check_known(preset, presets, f"to predict for {level}s, {model} has no preset")
    of_nodes = nodes.config()
    if isinstance(of_nodes, NoFeatures):
        raise ConfigError("nodes need features; give all of them category 0")
    config = find_system(model).config(preset, level)
    return adapted(config, nodes=of_nodes, edges=edges.config(), out=out)


def training_for_graphs() -> TrainingConfig:
    """Training that suits the ``"small"`` presets."""
    return TrainingConfig(epochs=60, warmup_epochs=2.0, average_decay=0.995, threads=1)
