"""Encodings on disk, found again by the edges they follow from: nothing is computed twice."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from graphformers.cache_folder import default_cache_folder
from graphformers.encodings.encode_graphs import Progress, check_names, encode, with_tensors
from graphformers.encodings.encoding import Encoding, PairEncoding, names_of
from graphformers.files import replacing
from graphformers.graph_batch import GraphBatch

logger = logging.getLogger(__name__)

FORMAT_VERSION = 1  # also raised when the values of an encoding change


def cached_encode(
    graphs: GraphBatch,
    encodings: Sequence[Encoding | PairEncoding],
    *,
    folder: str | Path | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> GraphBatch:
    """``encode``, or what it gave for graphs with the same edges and for the same settings before.

    Every encoding has a file of its own in ``folder``, by default that of
    ``default_cache_folder``. A damaged file is made anew, and a folder that cannot be written only
    costs the reuse. An encoding that is no dataclass is not kept: its settings are unknown.
    """
    check_names(encodings)
    content = _digest(graphs)
    parent = Path(folder or default_cache_folder()) / "encodings"
    found: dict[str, Tensor] = {}
    missing: list[Encoding | PairEncoding] = []
    for one in encodings:
        tensors = _load(_path(parent, content, one), names_of(one)) if is_dataclass(one) else None
        if tensors is None:
            missing.append(one)
        else:
            found.update({name: value.to(graphs.ptr.device) for name, value in tensors.items()})
    made = encode(graphs, missing, progress=progress, workers=workers)
    for one in missing:
        tensors = _tensors_of(made, one)
        if is_dataclass(one):
            _keep(_path(parent, content, one), tensors)
        found.update(tensors)
    return with_tensors(graphs, encodings, found)


def _digest(graphs: GraphBatch) -> str:
    """Hash of the edges and of where graphs begin."""
    digest = hashlib.sha256()
    for tensor in (graphs.ptr, graphs.edge_index):
        values = tensor.cpu().contiguous()
        digest.update(f"{tuple(values.shape)} {values.dtype}".encode())
        digest.update(values.numpy().data)
    return digest.hexdigest()


def _path(parent: Path, content: str, encoding: object) -> Path:
    kind = type(encoding)
    setting = [FORMAT_VERSION, content, kind.__module__, repr(encoding)]
    name = hashlib.sha256(json.dumps(setting).encode()).hexdigest()
    return parent / f"{name}.safetensors"


def _tensors_of(graphs: GraphBatch, encoding: Encoding | PairEncoding) -> dict[str, Tensor]:
    kept = graphs.pair_encodings if isinstance(encoding, PairEncoding) else graphs.encodings
    return {name: kept[name] for name in names_of(encoding)}


def _keep(path: Path, tensors: Mapping[str, Tensor]) -> None:
    values = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    try:
        with replacing(path) as temporary:
            save_file(values, temporary, metadata={"sha256": _checksum(values)})
    except (OSError, SafetensorError) as error:
        logger.warning("the encodings %s are not kept: %s", ", ".join(values), error)


def _checksum(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        values = tensors[name]
        digest.update(f"{name} {tuple(values.shape)} {values.dtype}".encode())
        digest.update(values.numpy().data)
    return digest.hexdigest()


def _load(path: Path, names: Sequence[str]) -> dict[str, Tensor] | None:
    """What the file holds; None when there is no file or it is damaged."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in names}
            metadata = file.metadata()
        if _checksum(tensors) != metadata["sha256"]:
            raise ValueError("its checksum differs")
        return tensors
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        logger.warning("%s is damaged (%s); the encodings are computed again", path, error)
        return None
