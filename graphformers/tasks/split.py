"""Dividing rows into a training, a validation and a test part."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphformers.errors import ConfigError, DataError

logger = logging.getLogger(__name__)

Fractions = tuple[float, float, float]

EIGHT_ONE_ONE: Fractions = (0.8, 0.1, 0.1)
PART_NAMES = {
    "train": ("train", "training", "0"),
    "validation": ("validation", "valid", "val", "dev", "1"),
    "test": ("test", "testing", "2"),
}
HELD_OUT_FRACTION = 0.1  # of the training rows, where a table names no validation rows


@dataclass(frozen=True, eq=False, kw_only=True)
class Split:
    """Row numbers of the three parts, each ascending; no row is in two of them."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]

    def to_json(self) -> dict[str, object]:
        """The row numbers by part."""
        return {name: getattr(self, name).tolist() for name in PART_NAMES}

    @staticmethod
    def of(train: ArrayLike, validation: ArrayLike, test: ArrayLike) -> "Split":
        """The parts in any order of their rows."""
        parts = [np.sort(np.asarray(part, dtype=np.int64)) for part in (train, validation, test)]
        return Split(train=parts[0], validation=parts[1], test=parts[2])


def random_split(num_rows: int, *, fractions: Fractions = EIGHT_ONE_ONE, seed: int = 0) -> Split:
    """Every row is as likely in a part as any other; each part that is asked for gets a row."""
    check_fractions(num_rows, fractions)
    _, validation_share, test_share = fractions
    num_validation = max(int(num_rows * validation_share), int(validation_share > 0))
    num_test = max(int(num_rows * test_share), int(test_share > 0))
    shuffled = np.random.default_rng(seed).permutation(num_rows)
    return Split.of(
        train=shuffled[num_validation + num_test :],
        validation=shuffled[:num_validation],
        test=shuffled[num_validation : num_validation + num_test],
    )


def column_split(labels: Sequence[object], *, seed: int = 0) -> Split:
    """The split a table column gives: train, validation (valid, val) and test, or 0, 1 and 2.

    Where no row is marked for validation, a tenth of the training rows is drawn for it.
    """
    parts: dict[str, list[int]] = {name: [] for name in PART_NAMES}
    for row, label in enumerate(labels):
        parts[_part(label, row)].append(row)
    train = np.array(parts["train"], dtype=np.int64)
    validation = np.array(parts["validation"], dtype=np.int64)
    if len(train) < (2 if len(validation) == 0 else 1):
        raise DataError(f"the split column marks {len(train)} rows for training: too few")
    if len(validation) == 0:
        drawn = random_split(
            len(train), fractions=(1 - HELD_OUT_FRACTION, HELD_OUT_FRACTION, 0.0), seed=seed
        )
        logger.info("no row is marked for validation: %d are drawn", len(drawn.validation))
        train, validation = train[drawn.train], train[drawn.validation]
    return Split.of(train, validation, parts["test"])


def _part(label: object, row: int) -> str:
    whole = int(label) if isinstance(label, float) and label.is_integer() else label
    text = str(whole).strip().lower()
    for name, spellings in PART_NAMES.items():
        if text in spellings:
            return name
    raise DataError(
        f"row {row + 1} of the split column must say train, valid or test; got {label!r}"
    )


def check_fractions(num_rows: int, fractions: Fractions) -> None:
    """Raise for fractions that are none, and for fewer rows than parts."""
    if min(fractions) < 0 or not np.isclose(sum(fractions), 1.0) or not 0 < fractions[0] < 1:
        raise ConfigError(f"fractions must be positive and add up to 1; got {fractions}")
    num_parts = sum(share > 0 for share in fractions)
    if num_rows < num_parts:
        raise DataError(f"{num_rows} rows cannot be divided into {num_parts} parts")
