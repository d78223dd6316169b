"""The model configurations offered for tables of molecules."""

from graphformers.errors import check_known
from graphformers.models.features import CategoricalFeatures
from graphformers.molecules.vocabulary import Vocabulary
from graphformers.systems import GraphConfig, adapted, find_system, level_of
from graphformers.training import TrainingConfig

PUBLISHED_RATES = {"ppgt": 2e-3, "gt": 7e-4}  # the others were trained at 1e-3


def config_for_molecules(
    model: str, preset: str, vocabulary: Vocabulary, num_targets: int
) -> GraphConfig:
    """A configuration of a system that reads this vocabulary and predicts ``num_targets`` values.

    ``"small"`` is made for tables of a few hundred to a few ten thousand molecules. Every published
    preset on molecules serves too; its feature tables and the width of its output are replaced.
    """
    check_known(preset, molecule_presets(model), f"for molecules, {model} has no preset")
    return adapted(
        find_system(model).config(preset),
        nodes=CategoricalFeatures(sizes=vocabulary.atom_sizes),
        edges=CategoricalFeatures(sizes=vocabulary.bond_sizes),
        out=num_targets,
    )


def training_for_molecules(model: str = "gps") -> TrainingConfig:
    """Training that suits the ``"small"`` presets: minutes for a thousand molecules.

    The peak learning rate is the one published with the model's configuration for ZINC.
    """
    return TrainingConfig(
        epochs=60,
        learning_rate=PUBLISHED_RATES.get(model, 1e-3),
        warmup_epochs=2.0,
        average_decay=0.995,
        threads=1,
    )


def molecule_presets(model: str) -> tuple[str, ...]:
    """Presets of a system made for graphs of atoms and bonds that predict one row per graph."""
    return find_system(model).presets_for(_is_for_molecules)


def _is_for_molecules(config: GraphConfig) -> bool:
    features = (config.nodes, config.edges)
    categorical = all(isinstance(one, CategoricalFeatures) for one in features)
    return categorical and level_of(config) == "graph"
