"""From tables of SMILES to property predictions."""

from typing import TYPE_CHECKING

from graphformers.molecules.bundled import bundled_table
from graphformers.molecules.featurizer import featurize
from graphformers.molecules.splits import split_molecules
from graphformers.molecules.table import MoleculeTable, read_table
from graphformers.molecules.vocabulary import OGB_VOCABULARY, Vocabulary
from graphformers.tasks.split import Split

if TYPE_CHECKING:
    from graphformers.molecules.predictor import PropertyPredictor

__all__ = [
    "OGB_VOCABULARY",
    "MoleculeTable",
    "PropertyPredictor",
    "Split",
    "Vocabulary",
    "bundled_table",
    "featurize",
    "read_table",
    "split_molecules",
]


def __getattr__(name: str) -> object:
    # Training needs many modules that the worker processes of the featuriser can start without.
    if name == "PropertyPredictor":
        from graphformers.molecules.predictor import PropertyPredictor

        return PropertyPredictor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
