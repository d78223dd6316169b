"""What the columns of a model's output mean: targets, labels or classes."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from graphformers.errors import ConfigError, DataError
from graphformers.graphs.graph_set import Targets
from graphformers.tasks import TargetScaling, Task, find_task

logger = logging.getLogger(__name__)

SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class TargetCode:
    """Targets as a model predicts them.

    A regression has a scaled column per target, a classification of several targets a logit for
    each, and that of a single target a logit for each of its ``classes``.
    """

    task: Task
    names: tuple[str, ...]
    scaling: TargetScaling
    classes: tuple[str, ...] = ()

    @staticmethod
    def fit(
        targets: Targets, names: Sequence[str], task: str, train: NDArray[np.int64]
    ) -> "TargetCode":
        """What to predict: the task from all targets, scaling and classes from ``train`` rows.

        Text, and the whole numbers 0, 1, ... without a gap, are classes unless a regression is
        asked for. Raises ``DataError`` for targets that cannot be learned.
        """
        if task not in ("auto", *(one.value for one in Task)):
            raise ConfigError(f"task must be regression, classification or auto; got {task!r}")
        read = as_labels(targets, task, names)
        if read.ndim == 1:
            classes = _ordered(set(read[train].tolist()) - {""})
            if len(classes) < 2:
                raise DataError(
                    f"the training part needs two classes of {names[0]!r}; got {classes or 'none'}"
                )
            scaling = TargetScaling.identity(len(classes))
            return TargetCode(
                task=Task.CLASSIFICATION, names=tuple(names), scaling=scaling, classes=classes
            )
        numbers = read.astype(np.float64)
        found = find_task(numbers, task, names)
        scaling = TargetScaling.identity(len(names))
        if found is Task.REGRESSION:
            scaling = TargetScaling.fit(numbers[train])
        return TargetCode(task=found, names=tuple(names), scaling=scaling)

    @property
    def out(self) -> int:
        """Columns of the model's output."""
        return len(self.classes) or len(self.names)

    def encode(self, targets: Targets) -> NDArray[np.floating]:
        """Scaled values, labels or numbers of classes ``(rows, columns)``, NaN where missing.

        Raises ``DataError`` for classes that the training part did not have.
        """
        read = as_labels(targets, self.task.value if self.classes else "regression", self.names)
        if not self.classes:
            numbers = read.astype(np.float64)
            if numbers.shape[1] != len(self.names):
                raise DataError(
                    f"the model predicts {', '.join(self.names)}; got {numbers.shape[1]} targets"
                )
            return self.scaling.apply(numbers)
        if read.ndim == 2:
            read = np.array(
                ["" if np.isnan(one) else f"{one:g}" for one in read[:, 0].astype(float)]
            )
        number = {"": np.nan, **{name: float(place) for place, name in enumerate(self.classes)}}
        unknown = _ordered(set(read.tolist()) - set(number))
        if unknown:
            raise DataError(
                f"{len(unknown)} classes of {self.names[0]!r} are not among the "
                f"{len(self.classes)} of the training part: {', '.join(unknown[:SHOWN])} (training "
                f"has {', '.join(self.classes[:SHOWN])}); leave these out or split otherwise"
            )
        return np.array([[number[label]] for label in read.tolist()]).reshape(-1, 1)

    def columns(self, outputs: NDArray[np.floating]) -> NDArray[np.floating]:
        """Values in the targets' units, or probabilities, from outputs ``(rows, out)``."""
        if self.task is Task.REGRESSION:
            return self.scaling.restore(outputs)
        if not self.classes:
            return 1.0 / (1.0 + np.exp(-outputs))
        shifted = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return shifted / shifted.sum(axis=1, keepdims=True)

    @property
    def column_names(self) -> tuple[str, ...]:
        """A name for every column of predictions."""
        if self.classes:
            return tuple(f"probability of {self.names[0]} {one}" for one in self.classes)
        return tuple(f"predicted {one}" for one in self.names)

    def to_json(self) -> dict[str, object]:
        """A JSON document that ``from_json`` reads back."""
        return {
            "task": self.task.value,
            "names": list(self.names),
            "classes": list(self.classes),
            "scaling": self.scaling.to_json(),
        }

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "TargetCode":
        """What ``to_json`` wrote."""
        try:
            return TargetCode(
                task=Task(document["task"]),
                names=tuple(cast("list[str]", document["names"])),
                classes=tuple(cast("list[str]", document["classes"])),
                scaling=TargetScaling.from_json(cast("Mapping[str, object]", document["scaling"])),
            )
        except (KeyError, ValueError, TypeError) as error:
            raise DataError(f"the targets of the model cannot be read: {error}") from error


def as_labels(targets: Targets, task: str, names: Sequence[str]) -> Targets:
    """Labels ``(rows,)`` where the task tells classes of one target apart, else numbers."""
    if targets.ndim == 2:
        return _whole_labels(targets) if targets.shape[1] == 1 and task != "regression" else targets
    known = [one for one in targets.tolist() if one]
    whole = all(one.lstrip("-").isdecimal() for one in known)
    distinct = {int(one) for one in known} if whole else set()
    if task == "auto" and whole and distinct != set(range(len(distinct))):
        logger.info("%s: whole numbers with gaps, taken as values to meet", names[0])
        task = "regression"
    if task != "regression":
        return targets
    try:
        return np.array([[float(one) if one else np.nan] for one in targets.tolist()]).reshape(
            -1, 1
        )
    except ValueError as error:
        raise DataError(f"a regression needs numbers in {names[0]!r}: {error}") from error


def _whole_labels(column: Targets) -> Targets:
    """A single column of 0 and 1 as labels; other numbers as they are."""
    values = column[:, 0].astype(np.float64)
    known = values[~np.isnan(values)]
    if not len(known) or not set(np.unique(known)) <= {0.0, 1.0}:
        return column
    return np.array(["" if np.isnan(one) else str(int(one)) for one in values], dtype=str)


def _ordered(labels: set[str]) -> tuple[str, ...]:
    """Whole numbers by value, other labels by the alphabet."""
    if all(one.lstrip("-").isdecimal() for one in labels):
        return tuple(sorted(labels, key=int))
    return tuple(sorted(labels))
