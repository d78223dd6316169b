"""Honest baselines: the mean of the training part, and classic models on Morgan fingerprints."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rdkit import rdBase
from rdkit.Chem import rdFingerprintGenerator
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge

from graphformers.errors import ShapeError
from graphformers.molecules.molecule_graph import parse_smiles
from graphformers.tasks.targets import Task

RADIUS = 2
BITS = 2048
NUM_TREES = 100
RIDGE_STRENGTH = 10.0  # what cross-validation on the training part of ESOL chooses
FOREST_ROWS = 20_000  # on more rows a forest takes longer than what it is to be compared with

BaselineKind = Literal["mean", "linear", "forest"]
Fingerprints = NDArray[np.float32]  # (rows, bits)
PredictTarget = Callable[[Fingerprints], NDArray[np.floating]]


def morgan_fingerprints(smiles: Sequence[str]) -> Fingerprints:
    """How often every substructure of radius 2 occurs, hashed to 2048 counts ``(rows, bits)``.

    Source: Rogers and Hahn 2010, J. Chem. Inf. Model. 50, 742.
    """
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)
    counts = np.zeros((len(smiles), BITS), dtype=np.float32)
    with rdBase.BlockLogs():
        for row, one in enumerate(smiles):
            counts[row] = generator.GetCountFingerprintAsNumPy(parse_smiles(one))
    return counts


def baseline_kinds(num_rows: int) -> tuple[BaselineKind, ...]:
    """The baselines that are quick enough for a training part of this size."""
    return ("mean", "linear", "forest") if num_rows <= FOREST_ROWS else ("mean", "linear")


class FingerprintBaseline:
    """One model for every target, each trained on the rows where its target was measured.

    ``"mean"`` looks at no molecule: it predicts the mean, or the share of ones. ``"linear"`` is a
    ridge or logistic regression on fingerprints, ``"forest"`` a random forest. Predictions of a
    classification are probabilities of 1. A target that does not vary in the training part is
    predicted as it is there, one without any value as 0.
    """

    def __init__(self, kind: BaselineKind, task: Task, seed: int = 0):
        self.kind: BaselineKind = kind
        self.task = task
        self.seed = seed
        self._predict_target: list[PredictTarget] = []

    @property
    def name(self) -> str:
        """What it is, for tables and reports."""
        linear = "ridge" if self.task is Task.REGRESSION else "logistic regression"
        names: dict[BaselineKind, str] = {
            "mean": "training mean",
            "linear": f"{linear} on fingerprints",
            "forest": "random forest on fingerprints",
        }
        return names[self.kind]

    def fit(
        self,
        smiles: Sequence[str],
        targets: NDArray[np.floating],  # (rows, tasks), NaN where nothing was measured
    ) -> "FingerprintBaseline":
        """Learn from the training part."""
        if len(smiles) != len(targets):
            raise ShapeError(f"got {len(smiles)} molecules and {len(targets)} rows of targets")
        features = self._features(smiles)
        self._predict_target = [self._fit_target(features, column) for column in targets.T]
        return self

    def predict(self, smiles: Sequence[str]) -> NDArray[np.floating]:
        """Predictions ``(rows, tasks)``."""
        features = self._features(smiles)
        return np.stack([predict(features) for predict in self._predict_target], axis=1)

    def _features(self, smiles: Sequence[str]) -> Fingerprints:
        if self.kind == "mean":
            return np.zeros((len(smiles), 0), dtype=np.float32)
        return morgan_fingerprints(smiles)

    def _fit_target(self, features: Fingerprints, target: NDArray[np.floating]) -> PredictTarget:
        measured = ~np.isnan(target)
        features, target = features[measured], target[measured]
        if self.kind == "mean" or len(np.unique(target)) < 2:
            mean = float(target.mean()) if len(target) else 0.0
            return lambda rows: np.full(len(rows), mean)
        if self.task is Task.REGRESSION:
            return _regressor(self.kind, self.seed).fit(features, target).predict
        classifier = _classifier(self.kind, self.seed).fit(features, target)
        return lambda rows: classifier.predict_proba(rows)[:, 1]


def _regressor(kind: BaselineKind, seed: int) -> RandomForestRegressor | Ridge:
    if kind == "linear":
        return Ridge(RIDGE_STRENGTH)
    return RandomForestRegressor(NUM_TREES, max_features=1 / 3, random_state=seed, n_jobs=-1)


def _classifier(kind: BaselineKind, seed: int) -> RandomForestClassifier | LogisticRegression:
    if kind == "linear":
        return LogisticRegression(max_iter=1000)
    return RandomForestClassifier(NUM_TREES, random_state=seed, n_jobs=-1)
