"""What the targets ask for, and their scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from graphformers.errors import ConfigError, DataError

CLASS_PAIRS = ((-1.0, 1.0), (1.0, 2.0))
"""Pairs of values that are class labels more often than measurements."""


class Task(str, Enum):
    """Numbers to be met, or yes and no to be told apart."""

    REGRESSION = "regression"
    CLASSIFICATION = "classification"


def find_task(
    targets: NDArray[np.floating],  # (rows, tasks), NaN where nothing was measured
    task: str | Task = "auto",
    names: Sequence[str] | None = None,
) -> Task:
    """The task these targets can be trained for; ``"auto"`` finds it from the values.

    Targets that are 0 and 1 throughout are a classification, all others a regression.
    ``DataError`` when a target has no value at all or only one, and when labels are not 0 and 1.
    """
    names = names or [str(number + 1) for number in range(targets.shape[1])]
    values = [np.unique(column[~np.isnan(column)]) for column in targets.T]
    for name, distinct in zip(names, values, strict=True):
        if len(distinct) == 0:
            raise DataError(f"target {name!r} is missing in every row; leave it out")
        if len(distinct) == 1:
            raise DataError(
                f"target {name!r} is {distinct[0]:g} in every row: there is nothing to learn; "
                f"leave it out"
            )
    are_labels = all(set(distinct) == {0.0, 1.0} for distinct in values)
    if task == "auto":
        _refuse_other_labels(names, values)
        return Task.CLASSIFICATION if are_labels else Task.REGRESSION
    if task not in list(Task):
        raise ConfigError(f"task must be regression, classification or auto; got {task!r}")
    if task == Task.CLASSIFICATION and not are_labels:
        raise DataError("a classification needs the labels 0 and 1 in every target; recode them")
    return Task(task)


def _refuse_other_labels(names: Sequence[str], values: Sequence[NDArray[np.floating]]) -> None:
    for name, distinct in zip(names, values, strict=True):
        if tuple(distinct) in CLASS_PAIRS:
            low, high = distinct
            raise DataError(
                f"target {name!r} is {low:g} or {high:g} in every row, like class labels; "
                f'write them as 0 and 1, or ask for task="regression"'
            )


@dataclass(frozen=True, kw_only=True)
class TargetScaling:
    r"""Brings every target to mean 0 and standard deviation 1.

    .. math:: z = (y - \mathrm{shift}) / \mathrm{scale}
    """

    shift: tuple[float, ...]
    scale: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.shift) != len(self.scale) or not all(one > 0 for one in self.scale):
            raise ConfigError(
                f"a scaling needs one shift and one positive scale for every target; "
                f"got {self.shift} and {self.scale}"
            )

    @staticmethod
    def fit(targets: NDArray[np.floating]) -> "TargetScaling":
        """Mean and standard deviation of targets ``(rows, tasks)``, NaN left out.

        Give the training part only. A target that does not vary there keeps the scale 1, one
        without any value the shift 0.
        """
        columns = [column[~np.isnan(column)] for column in targets.T]
        return TargetScaling(
            shift=tuple(float(column.mean()) if len(column) else 0.0 for column in columns),
            scale=tuple(_deviation(column) for column in columns),
        )

    @staticmethod
    def identity(num_targets: int) -> "TargetScaling":
        """The scaling of labels: none."""
        return TargetScaling(shift=(0.0,) * num_targets, scale=(1.0,) * num_targets)

    def apply(self, targets: NDArray[np.floating]) -> NDArray[np.floating]:
        """Scaled targets ``(rows, tasks)``; NaN stays NaN."""
        return (targets - np.array(self.shift)) / np.array(self.scale)

    def restore(self, scaled: NDArray[np.floating]) -> NDArray[np.floating]:
        """Values in the targets' units from scaled ones ``(rows, tasks)``."""
        return scaled * np.array(self.scale) + np.array(self.shift)

    def to_json(self) -> dict[str, object]:
        """A JSON document that ``from_json`` reads back."""
        return {"shift": list(self.shift), "scale": list(self.scale)}

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "TargetScaling":
        """The scaling ``to_json`` wrote."""
        try:
            shift, scale = (_numbers(document[name]) for name in ("shift", "scale"))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"a target scaling holds shift and scale; got {document}") from error
        return TargetScaling(shift=shift, scale=scale)


def _deviation(values: NDArray[np.floating]) -> float:
    # Rounding of the mean gives equal values a deviation; squares of tiny ones vanish.
    return float(values.std() or 1.0) if len(np.unique(values)) > 1 else 1.0


def _numbers(values: object) -> tuple[float, ...]:
    if not isinstance(values, Sequence):
        raise TypeError("a list of numbers")
    return tuple(float(value) for value in values)
