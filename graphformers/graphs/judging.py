"""How good predictions on graphs are, beside what needs no model."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, log_loss

from graphformers.graphs.target_code import TargetCode
from graphformers.tasks.metrics import METRIC_NAMES, Metrics, evaluate
from graphformers.training.report import Cell

Values = NDArray[np.floating]
CLASS_METRICS = ("accuracy", "f1_macro", "cross_entropy")


def metric_names(code: TargetCode) -> tuple[str, ...]:
    """Metrics of a task, the first for the headline."""
    return CLASS_METRICS if code.classes else METRIC_NAMES[code.task]


def judge(
    methods: Mapping[str, Values],  # predictions (rows, columns), NaN where there are none
    rows: NDArray[np.int64],
    encoded: Values,  # (rows, targets), in the units of the code
    code: TargetCode,
    part: str,
) -> list[dict[str, Cell]]:
    """Metrics of every method on the given rows; with several targets, of each too."""
    judged: list[dict[str, Cell]] = []
    if not len(rows):
        return judged
    for method, predicted in methods.items():
        head: dict[str, Cell] = {"part": part, "rows": len(rows), "method": method}
        if code.classes:
            found = class_metrics(encoded[rows, 0], predicted[rows])
            judged.append({**head, "target": code.names[0], **found})
            continue
        targets = code.scaling.restore(encoded[rows])
        evaluation = evaluate(targets, predicted[rows], code.task, code.names)
        single = len(code.names) == 1
        name = code.names[0] if single else "mean of targets"
        judged.append({**head, "target": name, **evaluation.mean})
        if not single:
            judged += [{**head, "target": name, **one} for name, one in evaluation.targets.items()]
    return judged


def class_metrics(labels: Values, probabilities: Values) -> Metrics:
    """Share of right classes, mean F1 of the classes that occur, mean negative log-likelihood.

    ``labels`` (rows,) are numbers of classes, NaN where missing; rows without a prediction are
    left out.
    """
    known = ~(np.isnan(labels) | np.isnan(probabilities).any(axis=1))
    if not known.any():
        return dict.fromkeys(CLASS_METRICS)
    true, found = labels[known].astype(int), probabilities[known]
    predicted = found.argmax(axis=1)
    present = np.unique(true)
    return {
        "accuracy": float(accuracy_score(true, predicted)),
        "f1_macro": float(
            f1_score(true, predicted, labels=present, average="macro", zero_division=0)  # pyright: ignore[reportArgumentType]
        ),
        "cross_entropy": float(log_loss(true, found, labels=np.arange(found.shape[1]))),
    }


def constant_prediction(encoded: Values, code: TargetCode) -> Values:
    """One row (columns,): the mean of every target, or how often a class or label occurs."""
    if not code.classes:
        columns = [one[~np.isnan(one)] for one in encoded.T]
        means = np.array([one.mean() if len(one) else 0.0 for one in columns])
        return code.scaling.restore(means)
    known = encoded[~np.isnan(encoded[:, 0]), 0].astype(int)
    return np.bincount(known, minlength=len(code.classes)) / max(len(known), 1)
