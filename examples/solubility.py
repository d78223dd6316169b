"""Predict the solubility of molecules: train on a table, look at new ones.

python examples/solubility.py
"""

import csv

import numpy as np

from graphformers.molecules import PropertyPredictor, bundled_table, split_molecules
from graphformers.training import TrainingConfig


def main() -> None:
    with bundled_table("esol").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    smiles = [row["smiles"] for row in rows]
    solubility = np.array([float(row["measured log solubility in mols per litre"]) for row in rows])

    split = split_molecules(smiles, "scaffold")
    predictor = PropertyPredictor(
        training=TrainingConfig(epochs=20, warmup_epochs=2, average_decay=0.98, threads=1)
    )
    predictor.fit([smiles[row] for row in split.train], solubility[split.train])

    predicted = predictor.predict([smiles[row] for row in split.test])
    error = np.sqrt(np.mean((predicted - solubility[split.test]) ** 2))
    print(f"RMSE on {len(split.test)} molecules with unseen scaffolds: {error:.2f} log10(mol/L)")

    for name, one in (("caffeine", "Cn1cnc2c1c(=O)n(C)c(=O)n2C"), ("hexane", "CCCCCC")):
        print(f"{name}: {predictor.predict([one])[0]:.2f} log10(mol/L)")


if __name__ == "__main__":
    main()
