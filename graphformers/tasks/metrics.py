"""How good predictions are, target by target and on average."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)

from graphformers.errors import ShapeError
from graphformers.tasks.targets import Task

Metrics = dict[str, float | None]
"""Values by name; None where a metric is not defined, as the ROC area of a single class."""

METRIC_NAMES: Mapping[Task, tuple[str, ...]] = {
    Task.REGRESSION: ("rmse", "mae", "r2"),
    Task.CLASSIFICATION: ("roc_auc", "average_precision"),
}
SCORE_NAME: Mapping[Task, str] = {Task.REGRESSION: "r2", Task.CLASSIFICATION: "roc_auc"}
"""The metric that is higher for better predictions, used as the scikit-learn score."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Metrics of every target and their mean over the targets where they are defined."""

    targets: Mapping[str, Metrics]
    mean: Metrics

    def to_json(self) -> dict[str, object]:
        """The means by name, and the single targets under ``targets``."""
        return {**self.mean, "targets": dict(self.targets)}


def evaluate(
    targets: NDArray[np.floating],  # (rows, tasks), NaN where nothing was measured
    predictions: NDArray[np.floating],  # (rows, tasks), NaN where nothing was predicted
    task: Task,
    names: Sequence[str],
) -> Evaluation:
    """Compare predictions with what was measured; rows with NaN on either side are left out.

    Predictions of a classification are anything that grows with the belief in 1: logits or
    probabilities.
    """
    if targets.shape != predictions.shape or targets.shape[1:] != (len(names),):
        raise ShapeError(
            f"targets and predictions must be (rows, {len(names)}); "
            f"got {targets.shape} and {predictions.shape}"
        )
    by_target = {
        name: _metrics(targets[:, number], predictions[:, number], task)
        for number, name in enumerate(names)
    }
    mean = {
        metric: _mean([metrics[metric] for metrics in by_target.values()])
        for metric in METRIC_NAMES[task]
    }
    return Evaluation(targets=by_target, mean=mean)


def score(targets: NDArray[np.floating], predictions: NDArray[np.floating], task: Task) -> float:
    """R squared of a regression, ROC area of a classification, averaged over the targets."""
    names = [str(number) for number in range(targets.shape[1])]
    value = evaluate(targets, predictions, task, names).mean[SCORE_NAME[task]]
    return float("nan") if value is None else value


def _metrics(target: NDArray[np.floating], prediction: NDArray[np.floating], task: Task) -> Metrics:
    known = ~(np.isnan(target) | np.isnan(prediction))
    target, prediction = target[known], prediction[known]
    if task is Task.CLASSIFICATION:
        return _classification_metrics(target, prediction)
    return _regression_metrics(target, prediction)


def _regression_metrics(target: NDArray[np.floating], prediction: NDArray[np.floating]) -> Metrics:
    if len(target) == 0:
        return dict.fromkeys(METRIC_NAMES[Task.REGRESSION])
    varies = len(np.unique(target)) > 1
    return {
        "rmse": float(root_mean_squared_error(target, prediction)),
        "mae": float(mean_absolute_error(target, prediction)),
        "r2": float(r2_score(target, prediction)) if varies else None,
    }


def _classification_metrics(
    target: NDArray[np.floating], prediction: NDArray[np.floating]
) -> Metrics:
    if len(np.unique(target)) < 2:
        return dict.fromkeys(METRIC_NAMES[Task.CLASSIFICATION])
    return {
        "roc_auc": float(roc_auc_score(target, prediction)),
        "average_precision": float(average_precision_score(target, prediction)),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if defined else None
