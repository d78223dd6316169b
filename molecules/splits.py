"""Dividing molecules into a training, a validation and a test part."""

from collections.abc import Sequence

import numpy as np

from graphformers.errors import ConfigError, DataError, nearest_name
from graphformers.molecules.scaffolds import murcko_scaffolds
from graphformers.tasks.split import (
    EIGHT_ONE_ONE,
    Fractions,
    Split,
    check_fractions,
    random_split,
)

SPLIT_METHODS = ("random", "scaffold", "scaffold-balanced")


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


def scaffold_split(smiles: Sequence[str], *, fractions: Fractions = EIGHT_ONE_ONE) -> Split:
    """Molecules of one Bemis-Murcko scaffold stay together; common scaffolds are trained on.

    Groups, largest first and of equal ones the later first, go to the training part while they fit
    there, else to the validation part while they fit there, else to the test part.

    Source: the deterministic split of MoleculeNet, arXiv:1703.00564; scaffolds with chirality.
    """
    check_fractions(len(smiles), fractions)
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
    check_fractions(len(smiles), fractions)
    groups = _scaffold_groups(smiles)
    smallest = min(share for share in fractions[1:] if share > 0) * len(smiles)
    large = [rows for rows in groups if len(rows) > smallest / 2]
    others = [rows for rows in groups if len(rows) <= smallest / 2]
    random = np.random.default_rng(seed)
    shuffled = [part[i] for part in (large, others) for i in random.permutation(len(part))]
    return _filled(shuffled, len(smiles), fractions)


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
    return Split.of(train, validation, test)
