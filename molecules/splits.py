"""Dividing molecules into a training, a validation and a test part."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphformers.errors import ConfigError, DataError, nearest_name
from graphformers.molecules.scaffolds import murcko_scaffolds

logger = logging.getLogger(__name__)

SPLIT_METHODS = ("random", "scaffold", "scaffold-balanced")
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


def split_molecules(
    smiles: Sequence[str],
    method: str = "scaffold",
    *,
    fractions: Fractions = EIGHT_ONE_ONE,
    seed: int = 0,
) -> Split:
    """Divide molecules by one of the ``SPLIT_METHODS``; ``"scaffold"`` needs no seed."""
    if method == "random":
        return random_split(len(smiles), fractions=fractions, seed=seed)
    if method == "scaffold":
        return scaffold_split(smiles, fractions=fractions)
    if method == "scaffold-balanced":
        return balanced_scaffold_split(smiles, fractions=fractions, seed=seed)
    raise ConfigError(
        f"split must be one of {', '.join(SPLIT_METHODS)}; "
        f"got {method!r}{nearest_name(method, list(SPLIT_METHODS))}"
    )


def random_split(num_rows: int, *, fractions: Fractions = EIGHT_ONE_ONE, seed: int = 0) -> Split:
    """Every row is as likely in a part as any other; each part that is asked for gets a row."""
    _check_sizes(num_rows, fractions)
    _, validation_share, test_share = fractions
    num_validation = max(int(num_rows * validation_share), int(validation_share > 0))
    num_test = max(int(num_rows * test_share), int(test_share > 0))
    shuffled = np.random.default_rng(seed).permutation(num_rows)
    return _split(
        train=shuffled[num_validation + num_test :],
        validation=shuffled[:num_validation],
        test=shuffled[num_validation : num_validation + num_test],
    )


def scaffold_split(smiles: Sequence[str], *, fractions: Fractions = EIGHT_ONE_ONE) -> Split:
    """Molecules of one Bemis-Murcko scaffold stay together; common scaffolds are trained on.

    Groups, largest first and of equal ones the later first, go to the training part while they fit
    there, else to the validation part while they fit there, else to the test part.

    Source: the deterministic split of MoleculeNet, arXiv:1703.00564; scaffolds with chirality.
    """
    _check_sizes(len(smiles), fractions)
    groups = _scaffold_groups(smiles)
    groups.sort(key=lambda rows: (len(rows), rows[0]), reverse=True)
    return _filled(groups, len(smiles), fractions)


def balanced_scaffold_split(
    smiles: Sequence[str], *, fractions: Fractions = EIGHT_ONE_ONE, seed: int = 0
) -> Split:
    """As ``scaffold_split``, but only groups too large for a small part come first.

    Those hold more than half as many rows as the validation or test part; the others follow in an
    order drawn with the seed, so that rare scaffolds are in every part.

    Source: Yang et al. 2019, arXiv:1904.01561.
    """
    _check_sizes(len(smiles), fractions)
    groups = _scaffold_groups(smiles)
    smallest = min(share for share in fractions[1:] if share > 0) * len(smiles)
    large = [rows for rows in groups if len(rows) > smallest / 2]
    others = [rows for rows in groups if len(rows) <= smallest / 2]
    random = np.random.default_rng(seed)
    shuffled = [part[i] for part in (large, others) for i in random.permutation(len(part))]
    return _filled(shuffled, len(smiles), fractions)


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
    return _split(train, validation, parts["test"])


def _part(label: object, row: int) -> str:
    whole = int(label) if isinstance(label, float) and label.is_integer() else label
    text = str(whole).strip().lower()
    for name, spellings in PART_NAMES.items():
        if text in spellings:
            return name
    raise DataError(
        f"row {row + 1} of the split column must say train, valid or test; got {label!r}"
    )


def _check_sizes(num_rows: int, fractions: Fractions) -> None:
    if min(fractions) < 0 or not np.isclose(sum(fractions), 1.0) or not 0 < fractions[0] < 1:
        raise ConfigError(f"fractions must be positive and add up to 1; got {fractions}")
    num_parts = sum(share > 0 for share in fractions)
    if num_rows < num_parts:
        raise DataError(f"{num_rows} molecules cannot be divided into {num_parts} parts")


def _scaffold_groups(smiles: Sequence[str]) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for row, scaffold in enumerate(murcko_scaffolds(smiles)):
        groups.setdefault(scaffold, []).append(row)
    return list(groups.values())


def _filled(groups: Sequence[list[int]], num_rows: int, fractions: Fractions) -> Split:
    """Fill the parts with whole groups in the given order."""
    train_end = fractions[0] * num_rows
    validation_end = (fractions[0] + fractions[1]) * num_rows
    train: list[int] = []
    validation: list[int] = []
    test: list[int] = []
    for rows in groups:
        if not train or len(train) + len(rows) <= train_end:
            train += rows
        elif len(train) + len(validation) + len(rows) <= validation_end:
            validation += rows
        else:
            test += rows
    for part, share in ((validation, fractions[1]), (test, fractions[2])):
        if share > 0 and not part:
            raise DataError(
                f"a scaffold split of {num_rows} molecules with {len(groups)} scaffolds leaves a "
                f"part empty; split at random instead"
            )
    return _split(train, validation, test)


def _split(train: ArrayLike, validation: ArrayLike, test: ArrayLike) -> Split:
    parts = [np.sort(np.asarray(part, dtype=np.int64)) for part in (train, validation, test)]
    return Split(train=parts[0], validation=parts[1], test=parts[2])
