"""From tables of SMILES to property predictions."""

from graphformers.molecules.bundled import bundled_table
from graphformers.molecules.featurize import featurize
from graphformers.molecules.predictor import PropertyPredictor
from graphformers.molecules.splits import Split, split_molecules
from graphformers.molecules.table import MoleculeTable, read_table
from graphformers.molecules.vocabulary import OGB_VOCABULARY, Vocabulary

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
