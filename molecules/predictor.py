"""Property prediction with scikit-learn's conventions."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from lightning.pytorch.callbacks import Callback
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from graphformers.checkpoint import ModelFile
from graphformers.encodings import Encoding, encode
from graphformers.errors import ConfigError, DataError
from graphformers.explain import integrated_gradients
from graphformers.graph_batch import GraphBatch
from graphformers.molecules.architecture import config_for_molecules, training_for_molecules
from graphformers.molecules.cache import cached_featurize
from graphformers.molecules.featurized import BadRow, FeaturizedMolecules
from graphformers.molecules.splits import split_molecules
from graphformers.molecules.vocabulary import OGB_VOCABULARY, Vocabulary
from graphformers.systems import SYSTEMS, find_system
from graphformers.tasks.metrics import score
from graphformers.tasks.split import Split
from graphformers.tasks.targets import TargetScaling, Task, find_task
from graphformers.training import (
    MaskedClassification,
    MaskedRegression,
    TrainingConfig,
    fit,
    predict,
)

ESTIMATOR = "PropertyPredictor"
MODELS = tuple(SYSTEMS)


class PropertyPredictor(BaseEstimator):
    """Graph transformer from SMILES to properties.

    ``fit`` takes SMILES and one target column, or several with NaN for what was not measured.
    Invalid SMILES are kept out of training, listed in ``bad_rows_`` and predicted as NaN. Works
    with ``clone``, ``cross_val_score`` and pipelines: all settings are constructor arguments.

    Args:
        model: the system: "gps", "grit", "ppgt", "gt" or "mpnn-vn"
        preset: "small", or a published configuration of the model on molecules
        task: "regression", "classification" (labels 0 and 1), or "auto": found from the targets
        validation_split: how ``fit`` sets molecules aside to choose the best epoch, "scaffold" or
            "random"
        validation_fraction: share it sets aside
        training: optimiser, schedule and seed; ``None`` is ``training_for_molecules(model)``
        cache_folder: where featurised molecules are kept; ``None`` is the user's cache folder

    """

    def __init__(
        self,
        model: str = "gps",
        *,
        preset: str = "small",
        task: str = "auto",
        validation_split: str = "scaffold",
        validation_fraction: float = 0.1,
        training: TrainingConfig | None = None,
        cache_folder: str | Path | None = None,
    ):
        self.model = model
        self.preset = preset
        self.task = task
        self.validation_split = validation_split
        self.validation_fraction = validation_fraction
        self.training = training
        self.cache_folder = cache_folder

    def fit(
        self,
        smiles: Sequence[str],
        targets: ArrayLike,
        *,
        split: Split | None = None,
        folder: str | Path | None = None,
        resume: bool = False,
        callbacks: Sequence[Callback] = (),
    ) -> "PropertyPredictor":
        """Train; ``split`` names the rows to train on and those that choose the best epoch.

        Other rows of a split are not looked at; without one, some rows are set aside. ``folder``
        keeps a checkpoint after every epoch, from which ``resume`` goes on. Raises ``DataError``
        when no usable molecule or no target is left.
        """
        system = find_system(self.model)
        values = _as_columns(targets, len(smiles))
        self.bad_rows_: list[BadRow] = []
        self.single_target_ = np.ndim(targets) == 1
        self.target_names_ = [f"target {number + 1}" for number in range(values.shape[1])]
        self.task_ = find_task(values, self.task)
        self.scaling_ = TargetScaling.identity(values.shape[1])
        self.vocabulary_ = OGB_VOCABULARY
        training = self.training or training_for_molecules(self.model)
        torch.manual_seed(training.seed)
        self.model_ = system.build(
            config_for_molecules(self.model, self.preset, self.vocabulary_, values.shape[1])
        )
        train, held_out = self._parts(smiles, values, split)
        self.history_ = fit(
            self.model_,
            MaskedRegression() if self.task_ is Task.REGRESSION else MaskedClassification(),
            train,
            held_out,
            training,
            folder=folder,
            resume=resume,
            callbacks=callbacks,
        )
        return self

    def predict(self, smiles: Sequence[object]) -> Float[np.ndarray, " rows *targets"]:
        """Values in the units of the targets, or labels 0 and 1; NaN for an invalid SMILES."""
        outputs = self.decision_function(smiles)
        if self.task_ is Task.CLASSIFICATION:
            return np.where(np.isnan(outputs), np.nan, (outputs > 0).astype(float))
        return outputs

    def predict_proba(self, smiles: Sequence[object]) -> Float[np.ndarray, "rows columns"]:
        """Probabilities of label 0 and 1, or of label 1 for each of several targets."""
        self._check_fitted()
        if self.task_ is not Task.CLASSIFICATION:
            raise AttributeError("predict_proba needs a classification task")
        positive = self.predict_columns(smiles)
        return np.hstack([1.0 - positive, positive]) if self.single_target_ else positive

    def predict_columns(self, smiles: Sequence[object]) -> Float[np.ndarray, "rows targets"]:
        """A column per target: values in its units, or probabilities of label 1."""
        outputs = self.decision_function(smiles).reshape(len(smiles), -1)
        return outputs if self.task_ is Task.REGRESSION else 1.0 / (1.0 + np.exp(-outputs))

    def decision_function(self, smiles: Sequence[object]) -> Float[np.ndarray, " rows *targets"]:
        """Values in the units of the targets, or logits of label 1; NaN for an invalid SMILES."""
        self._check_fitted()
        molecules = self._featurize(smiles)
        outputs = np.zeros((0, len(self.scaling_.shift)))
        if len(molecules):
            graphs = encode(molecules.graphs, self._encodings)
            outputs = torch.cat(list(predict(self.model_, graphs))).double().numpy()
        every_row = molecules.spread(self.scaling_.restore(outputs))
        self.bad_rows_ = list(molecules.bad_rows)
        return every_row[:, 0] if self.single_target_ else every_row

    def score(self, smiles: Sequence[str], targets: ArrayLike) -> float:
        """R squared of a regression, area under the ROC curve of a classification (task mean).

        Rows with an invalid SMILES or a missing target are left out.
        """
        outputs = _as_columns(self.decision_function(smiles), len(smiles))
        return score(_as_columns(targets, len(smiles)), outputs, self.task_)

    def contributions(self, smiles: Sequence[str], task: int = 0) -> list[NDArray[np.floating]]:
        """What every atom adds to the prediction, one array per SMILES; empty for an invalid one.

        In the units of the target (logits for a classification). The contributions of a molecule
        add up to what is predicted for it less what is predicted for its bonds alone; see
        ``integrated_gradients``.
        """
        self._check_fitted()
        molecules = self._featurize(smiles)
        found: dict[int, NDArray[np.floating]] = {}
        if len(molecules):
            graphs = encode(molecules.graphs, self._encodings)
            values = integrated_gradients(self.model_, graphs, task=task).double().numpy()
            by_molecule = np.split(values * self.scaling_.scale[task], graphs.ptr[1:-1].numpy())
            found = dict(zip(molecules.rows.tolist(), by_molecule, strict=True))
        return [found.get(row, np.zeros(0)) for row in range(len(smiles))]

    def graph(self, smiles: str) -> GraphBatch:
        """One molecule as the model reads it; ``DataError`` says what is wrong with a SMILES."""
        self._check_fitted()
        molecules = self._featurize([smiles]).require_molecules()
        return encode(molecules.graphs, self._encodings)

    def save(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``config.json``: all that ``load`` needs."""
        self._check_fitted()
        estimator = {
            "kind": ESTIMATOR,
            "model": self.model,
            "preset": self.preset,
            "task": self.task_.value,
            "single_target": self.single_target_,
            "target_names": self.target_names_,
        }
        sections = {
            "estimator": estimator,
            "target_scaling": self.scaling_.to_json(),
            "vocabulary": self.vocabulary_.to_json(),
        }
        self.model_.model_file(sections).write(folder)

    @staticmethod
    def load(folder: str | Path) -> "PropertyPredictor":
        """Read what ``save`` wrote; predictions are the same bits."""
        file = ModelFile.read(folder)
        estimator = file.estimator(ESTIMATOR)
        predictor = PropertyPredictor(str(estimator["model"]), preset=str(estimator["preset"]))
        predictor.model_ = find_system(predictor.model).model.from_model_file(file)
        predictor.task_ = Task(estimator["task"])
        predictor.single_target_ = bool(estimator["single_target"])
        predictor.target_names_ = cast(list[str], estimator["target_names"])
        predictor.scaling_ = TargetScaling.from_json(file.section("target_scaling"))
        predictor.vocabulary_ = Vocabulary.from_json(file.section("vocabulary"))
        return predictor

    def _parts(
        self, smiles: Sequence[str], values: NDArray[np.floating], split: Split | None
    ) -> tuple[GraphBatch, GraphBatch]:
        """Graphs of the training and of the validation part, targets scaled by the former."""
        molecules = self._featurize(smiles)
        self.bad_rows_ = list(molecules.bad_rows)
        usable = molecules.rows[~np.isnan(values[molecules.rows]).all(axis=1)]
        if len(usable) == 0:
            raise DataError(_nothing_usable(molecules))
        if split is None:
            held_out = self._set_aside([smiles[int(row)] for row in usable])
            train_rows, held_rows = np.delete(usable, held_out), usable[held_out]
        else:
            train_rows = np.intersect1d(split.train, usable)
            held_rows = np.intersect1d(split.validation, usable)
        if self.task_ is Task.REGRESSION:
            self.scaling_ = TargetScaling.fit(values[train_rows])
        scaled = torch.from_numpy(self.scaling_.apply(values[molecules.rows])).float()
        graphs = replace(molecules.graphs, target=scaled)
        train, validation = (
            encode(graphs.select(np.searchsorted(molecules.rows, rows).tolist()), self._encodings)
            for rows in (train_rows, held_rows)
        )
        return train, validation

    def _set_aside(self, smiles: Sequence[str]) -> NDArray[np.int64]:
        """Positions of the molecules that choose the best epoch."""
        if self.validation_split not in ("random", "scaffold"):
            raise ConfigError(
                f"validation_split must be random or scaffold; got {self.validation_split!r}"
            )
        share = self.validation_fraction
        if not 0.0 < share < 1.0:
            raise ConfigError(f"validation_fraction must be between 0 and 1; got {share}")
        method = "scaffold-balanced" if self.validation_split == "scaffold" else "random"
        seed = (self.training or training_for_molecules(self.model)).seed
        return split_molecules(
            smiles, method, fractions=(1.0 - share, share, 0.0), seed=seed
        ).validation

    @property
    def _encodings(self) -> tuple[Encoding, ...]:
        return self.model_.config.encodings

    def _featurize(self, smiles: Sequence[object]) -> FeaturizedMolecules:
        return cached_featurize(smiles, folder=self.cache_folder, vocabulary=self.vocabulary_)

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise NotFittedError("this PropertyPredictor is not fitted yet; call fit, or load")


def _as_columns(targets: ArrayLike, num_rows: int) -> NDArray[np.float64]:
    """Targets as ``(rows, tasks)`` of floats."""
    try:
        values = np.asarray(targets, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"targets must be numbers, NaN where missing: {error}") from error
    if values.ndim not in (1, 2) or values.shape[0] != num_rows:
        raise DataError(
            f"targets must be ({num_rows},) or ({num_rows}, tasks), one row per SMILES; "
            f"got {values.shape}"
        )
    return values.reshape(num_rows, -1)


def _nothing_usable(molecules: FeaturizedMolecules) -> str:
    if molecules.bad_rows:
        return f"no usable molecule with a target; {molecules.bad_rows[0]}"
    return "no usable molecule with a target: the table is empty or every target is missing"
