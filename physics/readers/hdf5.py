"""HDF5 groups whose members are checked for being what they are taken for."""

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from graphformers.errors import DataError

SUFFIXES = (".h5", ".hdf5")


def is_hdf5_file(path: Path) -> bool:
    """Whether the file is called one of HDF5 and is one."""
    return path.suffix.lower() in SUFFIXES and path.is_file() and bool(h5py.is_hdf5(path))


def dataset(group: h5py.Group, name: str) -> h5py.Dataset:
    """The data set of this name; ``DataError`` when there is none."""
    found = group.get(name)
    if not isinstance(found, h5py.Dataset):
        raise DataError(f"{_place(group)}: expected a data set {name!r}; there is {_names(group)}")
    return found


def subgroup(group: h5py.Group, name: str) -> h5py.Group:
    """The group of this name; ``DataError`` when there is none."""
    found = group.get(name)
    if not isinstance(found, h5py.Group):
        raise DataError(f"{_place(group)}: expected a group {name!r}; there is {_names(group)}")
    return found


def datasets(group: h5py.Group, name: str | None = None) -> Iterator[tuple[str, h5py.Dataset]]:
    """Data sets in a group, or in its inner group ``name`` when there is one."""
    inner = group if name is None else group.get(name)
    if isinstance(inner, h5py.Group):
        for key, value in inner.items():
            if isinstance(value, h5py.Dataset):
                yield str(key), value


def subgroups(group: h5py.Group, name: str | None = None) -> Iterator[tuple[str, h5py.Group]]:
    """Groups in a group, or in its inner group ``name`` when there is one."""
    inner = group if name is None else group.get(name)
    if isinstance(inner, h5py.Group):
        for key, value in inner.items():
            if isinstance(value, h5py.Group):
                yield str(key), value


def attribute(holder: h5py.Group | h5py.Dataset, name: str) -> np.ndarray:
    """An attribute as an array of one axis; empty when there is none."""
    value = holder.attrs.get(name)
    return np.zeros(0) if value is None or isinstance(value, h5py.Empty) else np.ravel(value)


def _place(group: h5py.Group) -> str:
    return f"{group.file.filename}:{group.name}"


def _names(group: h5py.Group) -> str:
    return ", ".join(group) or "nothing"
