"""Why a molecule is predicted as it is: its atoms, the heads, where they look."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphformers.errors import ConfigError
from graphformers.explain import (
    HeadAnalysis,
    analyse_heads,
    attention_weights,
    occlusion,
)
from graphformers.molecules.drawing import Contributions
from graphformers.molecules.molecule_graph import parse_smiles
from graphformers.molecules.predictor import PropertyPredictor
from graphformers.training.report import Cell

Matrices = NDArray[np.floating]  # (heads, atoms, atoms)


@dataclass(frozen=True, eq=False, kw_only=True)
class MoleculeExplanation:
    """What the prediction of one target of one molecule hangs on.

    Contributions are in the units of the target, of a classification in logits. An attention
    matrix has a row for every atom that looks and a column for every atom looked at.
    """

    smiles: str
    target: str
    prediction: float  # a value, or a probability of label 1
    contributions: Contributions  # (atoms,), integrated gradients
    occlusions: Contributions  # (atoms,), change when the atom is hidden
    attention: dict[str, Matrices]  # by layer
    heads: HeadAnalysis | None  # of a model with attention

    def atom_rows(self) -> list[dict[str, Cell]]:
        """A row for every atom, in the order of the SMILES."""
        symbols = [atom.GetSymbol() for atom in parse_smiles(self.smiles).GetAtoms()]
        columns = zip(symbols, self.contributions, self.occlusions, strict=True)
        return [
            {"atom": atom, "symbol": symbol, "contribution": float(one), "occlusion": float(other)}
            for atom, (symbol, one, other) in enumerate(columns)
        ]

    def head_rows(self) -> list[dict[str, Cell]]:
        """A row for every head: how far the model's output moves without it."""
        if self.heads is None:
            return []
        deviation = self.heads.deviation[0].tolist()
        return [
            {"layer": layer, "head": head, "deviation": moved}
            for layer, of_layer in zip(self.heads.layers, deviation, strict=True)
            for head, moved in enumerate(of_layer)
        ]


def explain_molecule(
    predictor: PropertyPredictor, smiles: str, task: int = 0
) -> MoleculeExplanation:
    """Explain the prediction of one molecule; ``task`` is the number of the target, from 0.

    Raises ``DataError`` for an invalid SMILES, ``ConfigError`` for a target that is not there.
    """
    graph = predictor.graph(smiles)
    if not 0 <= task < len(predictor.target_names_):
        raise ConfigError(f"this model predicts {predictor.target_names_}; got number {task}")
    model, scale = predictor.model_, float(predictor.scaling_.scale[task])
    (contributions,) = predictor.contributions([smiles], task)
    records = attention_weights(model, graph)
    atoms = slice(0, graph.num_nodes)
    return MoleculeExplanation(
        smiles=smiles,
        target=predictor.target_names_[task],
        prediction=float(predictor.predict_columns([smiles])[0, task]),
        contributions=contributions,
        occlusions=occlusion(model, graph, task=task).double().numpy() * scale,
        attention={one.layer: one.matrix(atoms).double().numpy() for one in records},
        heads=analyse_heads(model, graph) if records else None,
    )
