"""Official splits: a ``manifest.json`` with a list of case names for every regime and part."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from graphformers.errors import DataError
from graphformers.physics.readers.case_file import SPLITS

FULL = "full"


def manifest_splits(path: Path, regime: str = FULL) -> dict[str, str]:
    """Split of every case of a regime, from keys such as ``full_train``; no file, no splits.

    Raises ``DataError`` for a regime that is not there or a case in two parts.
    """
    if not path.is_file():
        return {}
    document = json.loads(path.read_text(encoding="utf-8"))
    parts = {part: document.get(f"{regime}_{part}") for part in SPLITS}
    if parts["train"] is None:
        known = sorted({key.rpartition("_")[0] for key in document})
        raise DataError(f"{path}: there is no regime {regime!r}; there is {', '.join(known)}")
    try:
        return parts_by_name({part: names or () for part, names in parts.items()})
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def parts_by_name(names: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The part of every case, from the names in each; ``DataError`` for a case in two parts."""
    parts: dict[str, str] = {}
    for part, cases in names.items():
        for case in cases:
            if parts.setdefault(case, part) != part:
                raise DataError(f"case {case!r} is in {parts[case]} and in {part}")
    return parts
