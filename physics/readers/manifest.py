"""Official splits: a ``manifest.json`` with a list of case names for every regime and part."""

import json
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
    splits: dict[str, str] = {}
    for part, names in parts.items():
        for name in names or ():
            if splits.setdefault(name, part) != part:
                raise DataError(f"{path}: {name!r} is in {splits[name]} and in {part}")
    return splits
