"""Featurised columns on disk, found again by their content: nothing is featurised twice."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import rdkit
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from graphformers.cache_folder import default_cache_folder
from graphformers.files import replacing
from graphformers.molecules.featurized import BadRow, FeaturizedMolecules
from graphformers.molecules.featurizer import Progress, featurize
from graphformers.molecules.vocabulary import OGB_VOCABULARY, Vocabulary

logger = logging.getLogger(__name__)

FORMAT_VERSION = 1
ARRAYS = ("x", "edge_index", "edge_attr", "num_atoms", "num_edges", "rows")


def cached_featurize(
    smiles: Sequence[object],
    *,
    folder: str | Path | None = None,
    vocabulary: Vocabulary = OGB_VOCABULARY,
    workers: int | None = None,
    progress: Progress | None = None,
) -> FeaturizedMolecules:
    """``featurize``, or what it gave for the same column, vocabulary and RDKit version before.

    A damaged file is made anew, and a folder that cannot be written only costs the reuse.
    """
    folder = Path(folder or default_cache_folder())
    path = folder / "molecules" / f"{_key(smiles, vocabulary)}.safetensors"
    found = _load(path)
    if found is not None:
        return found
    made = featurize(smiles, vocabulary=vocabulary, workers=workers, progress=progress)
    try:
        _save(path, made)
    except OSError as error:
        logger.warning("the featurised molecules are not kept: %s", error)
    return made


def _key(smiles: Sequence[object], vocabulary: Vocabulary) -> str:
    """Hash of all the result depends on; ``repr`` keeps 1, "1" and None apart."""
    digest = hashlib.sha256()
    setting = [FORMAT_VERSION, rdkit.__version__, vocabulary.to_json()]
    digest.update(json.dumps(setting).encode())
    for one in smiles:
        plain = str(one) if isinstance(one, str) else one  # NumPy's strings show differently
        digest.update(repr(plain).encode() + b"\n")
    return digest.hexdigest()


def _save(path: Path, molecules: FeaturizedMolecules) -> None:
    arrays = {name: getattr(molecules, name) for name in ARRAYS}
    bad_rows = json.dumps([[bad.row, bad.smiles, bad.reason] for bad in molecules.bad_rows])
    metadata = {"bad_rows": bad_rows, "sha256": _checksum(arrays, bad_rows)}
    with replacing(path) as temporary:
        save_file(arrays, temporary, metadata=metadata)


def _checksum(arrays: Mapping[str, NDArray[np.generic]], bad_rows: str) -> str:
    digest = hashlib.sha256(bad_rows.encode())
    for name in ARRAYS:
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()


def _load(path: Path) -> FeaturizedMolecules | None:
    """What the file holds; None when there is no file or it is damaged."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in ARRAYS}
            metadata = file.metadata()
        if _checksum(arrays, metadata["bad_rows"]) != metadata["sha256"]:
            raise ValueError("its checksum differs")
        bad_rows = tuple(BadRow(*bad) for bad in json.loads(metadata["bad_rows"]))
        return FeaturizedMolecules(**arrays, bad_rows=bad_rows)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        logger.warning("%s is damaged (%s); the molecules are featurised again", path, error)
        return None
