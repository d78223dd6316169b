"""Dividing cases into training, validation and test: by case, by family or by a range of values.

The same names, shares and seed give the same parts on every machine, whatever the order of the
names, and a case that is added later moves at most one other across each border.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphformers.errors import DataError
from graphformers.files import write_json
from graphformers.physics.readers.case_file import SPLITS
from graphformers.physics.readers.manifest import FULL, manifest_splits, parts_by_name

TRAIN, VALIDATION, TEST = SPLITS
ID_LISTS = "{part}_design_ids.txt"


@dataclass(frozen=True, kw_only=True)
class Split:
    """Names of the cases of each part, in order. No case is in two, and training has some."""

    train: tuple[str, ...]
    val: tuple[str, ...] = ()
    test: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.train:
            raise DataError("a split needs cases to train on; it has none")
        _ = self.parts  # no case in two

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """The cases of every part."""
        return {part: getattr(self, part) for part in SPLITS}

    @property
    def parts(self) -> dict[str, str]:
        """The part of every case by its name."""
        return parts_by_name(self.names)

    def indices(self, names: Sequence[str]) -> dict[str, list[int]]:
        """Places of every part's cases in ``names``; cases in no part are left out.

        Raises ``DataError`` for a case of the split that is not there.
        """
        parts = self.parts
        missing = sorted(parts.keys() - set(names))
        if missing:
            raise DataError(
                f"the split has {len(missing)} cases that are not there: {missing[0]!r}"
            )
        return {
            part: [number for number, name in enumerate(names) if parts.get(name) == part]
            for part in SPLITS
        }

    def save(self, path: str | Path) -> None:
        """Write a manifest with the keys ``full_train``, ``full_val`` and ``full_test``."""
        write_json(path, {f"{FULL}_{part}": list(names) for part, names in self.names.items()})

    @classmethod
    def load(cls, path: str | Path, regime: str = FULL) -> "Split":
        """One regime of a manifest: what ``save`` wrote, or the official one of a data set."""
        path = Path(path)
        if not path.is_file():
            raise DataError(f"{path}: no such file")
        return _of_parts(manifest_splits(path, regime))

    @classmethod
    def load_id_lists(cls, folder: str | Path) -> "Split":
        """Files ``train_design_ids.txt`` and so on with a name in every line, as DrivAerNet has."""
        paths = {part: Path(folder) / ID_LISTS.format(part=part) for part in SPLITS}
        if not paths[TRAIN].is_file():
            raise DataError(f"{paths[TRAIN]}: no such file")
        texts = {part: path.read_text("utf-8") for part, path in paths.items() if path.is_file()}
        names = {
            part: filter(None, map(str.strip, text.splitlines())) for part, text in texts.items()
        }
        return _of_parts(parts_by_name(names))


def split_by_case(
    names: Iterable[str], *, val: float = 0.1, test: float = 0.2, seed: int = 0
) -> Split:
    """Cases drawn at random; ``val`` and ``test`` are shares of all cases."""
    return split_by_family({name: name for name in names}, val=val, test=test, seed=seed)


def split_by_family(
    families: Mapping[str, str], *, val: float = 0.1, test: float = 0.2, seed: int = 0
) -> Split:
    """Whole families drawn at random, so that no shape of the test was seen in training.

    ``families`` has the family of every case; ``families_by_name`` takes it from the names. The
    shares are of families. Raises ``DataError`` when a share that is not zero gets none.
    """
    if val < 0 or test < 0 or val + test >= 1:
        raise DataError(f"val and test must be shares that leave some to train; got {val}, {test}")
    drawn = sorted(set(families.values()), key=lambda family: _draw(family, seed))
    num_val, num_test = (_count(share, len(drawn)) for share in (val, test))
    if num_val + num_test >= len(drawn):
        raise DataError(f"{len(drawn)} families cannot be divided into train, val and test")
    part = dict.fromkeys(drawn[:num_test], TEST)
    part |= dict.fromkeys(drawn[num_test : num_test + num_val], VALIDATION)
    return _of_parts({name: part.get(family, TRAIN) for name, family in families.items()})


def families_by_name(names: Iterable[str], pattern: str) -> dict[str, str]:
    r"""The family of every case: the first group of the pattern in its name.

    ``r"^case_(\d+p\d+)"`` puts case_1p0 and case_1p0_refined into one family.
    """
    compiled = re.compile(pattern)
    if compiled.groups < 1:
        raise DataError(f"the pattern must have a group for the family; got {pattern!r}")
    families = {}
    for name in names:
        match = compiled.search(name)
        if match is None or match[1] is None:
            raise DataError(f"the name {name!r} does not match the pattern {pattern!r}")
        families[name] = match[1]
    return families


def split_by_range(
    values: Mapping[str, float],
    *,
    low: float = float("-inf"),
    high: float = float("inf"),
    val: float = 0.1,
    seed: int = 0,
) -> Split:
    """Extrapolation: cases whose value lies in [low, high] are learnt from, the others tested.

    ``val`` is the share of the cases inside that is drawn for validation. Raises ``DataError`` when
    no case lies outside, or a value is not a number.
    """
    bad = sorted(name for name, value in values.items() if value != value)
    if bad:
        raise DataError(f"case {bad[0]!r} has no value to be divided by")
    inside = [name for name, value in values.items() if low <= value <= high]
    outside = tuple(sorted(values.keys() - set(inside)))
    if not outside:
        raise DataError(f"no case lies outside {low:g} to {high:g}; there is nothing to test")
    if not inside:
        raise DataError(f"no case lies inside {low:g} to {high:g}; there is nothing to learn from")
    learnt = split_by_case(inside, val=val, test=0.0, seed=seed)
    return Split(train=learnt.train, val=learnt.val, test=outside)


def _of_parts(parts: Mapping[str, str]) -> Split:
    names = sorted(parts)
    return Split(**{part: tuple(name for name in names if parts[name] == part) for part in SPLITS})


def _count(share: float, total: int) -> int:
    """Rounded to whole families, at least one unless the share is zero."""
    return max(round(share * total), 1) if share else 0


def _draw(family: str, seed: int) -> bytes:
    """A place in the draw that depends on the family and the seed alone."""
    return hashlib.sha256(f"{seed}:{family}".encode()).digest()
