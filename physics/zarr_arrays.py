"""The few zarr calls we need, the same for zarr 2 and zarr 3."""

from pathlib import Path
from typing import cast

import numpy as np
import zarr

from graphformers.errors import DataError

CHUNK_ROWS = 16384  # about one mesh of the bundled size: little is read that is not asked for
ZARR_MAJOR = int(zarr.__version__.split(".")[0])


def create_arrays(path: Path) -> zarr.Group:
    """A new group: format 3, or 2 where the library is older than that format."""
    if ZARR_MAJOR >= 3:
        return zarr.open_group(str(path), mode="w", zarr_format=3)
    return zarr.open_group(str(path), mode="w")


def open_arrays(path: Path) -> zarr.Group:
    """An existing group, for reading only."""
    return zarr.open_group(str(path), mode="r")


class RowWriter:
    """Arrays of a new group, to which rows are added below each other.

    Small pieces wait until they fill a chunk, which would otherwise be written again for each.
    """

    def __init__(self, path: Path):
        self._group = create_arrays(path)
        self._waiting: dict[str, list[np.ndarray]] = {}

    def append(self, name: str, rows: np.ndarray) -> None:
        """Add rows to an array; the first rows create it."""
        waiting = self._waiting.setdefault(name, [])
        waiting.append(rows)
        if sum(map(len, waiting)) >= CHUNK_ROWS:
            self._write(name)

    def finish(self, index: str) -> None:
        """Write what still waits, and what the rows mean."""
        for name in self._waiting:
            self._write(name)
        self._group.attrs["index"] = index

    def _write(self, name: str) -> None:
        waiting = self._waiting[name]
        if not waiting:
            return
        rows = np.concatenate(waiting)
        waiting.clear()
        if name not in self._group:
            shape, chunks = (0, *rows.shape[1:]), (CHUNK_ROWS, *(max(n, 1) for n in rows.shape[1:]))
            create = self._group.create_array if ZARR_MAJOR >= 3 else self._group.create_dataset
            create(name, shape=shape, chunks=chunks, dtype=rows.dtype)
        array_of(self._group, name).append(rows)


def array_of(group: zarr.Group, name: str) -> zarr.Array:
    """An array of the group, which may hold groups as well."""
    return cast("zarr.Array", group[name])


def check_format(version: int, newest: int) -> None:
    """Raise ``DataError`` for a store that a newer version wrote."""
    if version > newest:
        raise DataError(
            f"the store has format {version}, this version reads up to {newest}: "
            "update graphformers or import the cases again"
        )
