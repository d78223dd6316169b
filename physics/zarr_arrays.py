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


def append_rows(group: zarr.Group, name: str, rows: np.ndarray) -> None:
    """Add rows below those an array has; the first rows create it."""
    if name not in group:
        shape, chunks = (0, *rows.shape[1:]), (CHUNK_ROWS, *(max(n, 1) for n in rows.shape[1:]))
        create = group.create_array if ZARR_MAJOR >= 3 else group.create_dataset
        create(name, shape=shape, chunks=chunks, dtype=rows.dtype)
    array_of(group, name).append(rows)


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
