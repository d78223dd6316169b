"""Features in files, which other processes open instead of being sent a copy."""

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch_geometric.data import Data, HeteroData


class _MappedFile(np.memmap):
    """A whole ``.npy`` file; pickled as its path."""

    def __reduce__(self) -> tuple[Callable[[str], np.ndarray], tuple[str]]:
        return _open, (str(Path(str(self.filename)).resolve()),)


def by_path(data: Data | HeteroData) -> Data | HeteroData:
    """The same data, its memory-mapped ``.npy`` arrays pickled as paths."""
    data = copy.copy(data)
    for store in data.stores:
        for name, value in store.items():
            if _is_whole_file(value):
                store[name] = value.view(_MappedFile)
    return data


def _is_whole_file(value: object) -> bool:
    """Parts and transposes of a map know the file, but not where in it they lie."""
    if not isinstance(value, np.memmap) or not str(value.filename).endswith(".npy"):
        return False
    whole = _open(str(value.filename))
    return (whole.shape, whole.strides, whole.dtype) == (value.shape, value.strides, value.dtype)


def _open(path: str) -> np.ndarray:
    return np.load(path, mmap_mode="r").view(_MappedFile)
