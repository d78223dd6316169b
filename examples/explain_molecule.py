"""Explain predictions whose reason is known: the number of amide groups in a molecule.

python examples/explain_molecule.py
"""

import csv
from collections.abc import Sequence

import numpy as np
from rdkit import Chem

from graphformers.molecules import PropertyPredictor, bundled_table
from graphformers.molecules.explanation import explain_molecule
from graphformers.molecules.explanation_folder import write_explanation
from graphformers.training import TrainingConfig

AMIDE = Chem.MolFromSmarts("C(=O)[NX3]")
PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"


def amides(smiles: str) -> Sequence[Sequence[int]]:
    """The atoms of every amide group."""
    return Chem.MolFromSmiles(smiles).GetSubstructMatches(AMIDE)


def main() -> None:
    with bundled_table("esol").open(encoding="utf-8") as file:
        smiles = [row["smiles"] for row in csv.DictReader(file)]
    train, test = smiles[:600], smiles[600:]
    predictor = PropertyPredictor(
        validation_split="random",
        training=TrainingConfig(epochs=6, warmup_epochs=1, learning_rate=2e-3, threads=1),
    )
    predictor.fit(train, [len(amides(one)) for one in train])

    shown = [one for one in test if amides(one)]
    right = 0
    for one, contributions in zip(shown, predictor.contributions(shown), strict=True):
        planted = np.unique(amides(one))
        others = np.delete(contributions, planted)
        right += contributions[planted].mean() > max(0.0, others.sum() / max(len(others), 1))
    print(f"the amide counts most in {right} of {len(shown)} molecules that have one")

    explanation = explain_molecule(predictor, PARACETAMOL)
    print(f"paracetamol: {explanation.prediction:.2f} amides predicted, it has one")
    for row in explanation.atom_rows():
        print("{atom:3d} {symbol:2s} {contribution:6.2f} {occlusion:6.2f}".format(**row))
    if explanation.heads is not None:
        heads = explanation.heads.average()
        print(f"heads: specialization {heads.specialization:.3f}, focus {heads.focus:.2f}")
    for picture in write_explanation(explanation, "explanation"):
        print(picture)


if __name__ == "__main__":
    main()
