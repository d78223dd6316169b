"""Fields at the points of a mesh, checked: there, finite, in the plane of a flat mesh."""

import logging
from collections.abc import Sequence

import numpy as np
import pyvista as pv
from jaxtyping import Float

from graphformers.errors import DataError, nearest_name

logger = logging.getLogger(__name__)

OUT_OF_PLANE = 1e-4  # z component, as a share of the field's largest value, taken for zero
NODE_TYPE_NAMES = ("node_type", "node_types", "nodetype")  # categories, whatever their dtype


def is_node_type(name: str) -> bool:
    """Arrays of this name say what a point is, and are no field."""
    return name.lower() in NODE_TYPE_NAMES


def is_field(name: str, values: np.ndarray) -> bool:
    """Floating-point numbers that are not categories."""
    return np.issubdtype(values.dtype, np.floating) and not is_node_type(name)


def field_names(dataset: pv.DataSet) -> list[str]:
    """Names of floating-point arrays, those at the points first, each once."""
    names = [
        name
        for data in (dataset.point_data, dataset.cell_data)
        for name in data
        if is_field(name, np.asarray(data[name]))
    ]
    return list(dict.fromkeys(names))


def wanted_names(
    available: Sequence[str], names: Sequence[str] | None, where: str, *, skip_missing: bool = False
) -> list[str]:
    """The named fields, or all; ``DataError`` names the nearest to one that is not available."""
    if names is None:
        return list(available)
    missing = [name for name in names if name not in available]
    if missing and not skip_missing:
        raise DataError(
            f"{where}: expected a field {missing[0]!r}; there is "
            f"{', '.join(available) or 'none'}{nearest_name(missing[0], list(available))}"
        )
    return [name for name in names if name in available]


def point_fields(
    dataset: pv.DataSet, names: Sequence[str] | None, where: str, *, skip_missing: bool = False
) -> dict[str, Float[np.ndarray, "points components"]]:
    """Fields at the points; those of the cells are averaged to the points around them."""
    averaged = None
    fields = {}
    for name in wanted_names(field_names(dataset), names, where, skip_missing=skip_missing):
        if name not in dataset.point_data:
            logger.info("%s: field %r lies in the cells, averaged to the points", where, name)
            averaged = averaged or dataset.cell_data_to_point_data()
        holder = dataset if averaged is None or name in dataset.point_data else averaged
        values = np.asarray(holder.point_data[name], dtype=np.float64)
        fields[name] = values.reshape(dataset.n_points, -1)
    return fields


def checked_fields(
    fields: dict[str, Float[np.ndarray, "points components"]], where: str, *, flat: bool
) -> dict[str, Float[np.ndarray, "points components"]]:
    """The fields, finite; vectors of a mesh that is flat in z lose their third component."""
    for name, values in fields.items():
        check_finite(values, f"field {name!r}", where)
    if not flat:
        return fields
    return {name: _in_plane(values, name, where) for name, values in fields.items()}


def check_finite(values: np.ndarray, what: str, where: str) -> None:
    """Raise ``DataError`` naming the first point with NaN or infinity."""
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if bad.size:
        raise DataError(
            f"{where}: {what} must be finite; {bad.size} of {len(values)} points hold NaN or "
            f"infinity, the first is point {bad[0]}"
        )


def _in_plane(values: np.ndarray, name: str, where: str) -> np.ndarray:
    """Drop the third component of a vector in a 2-D mesh, where it must be zero."""
    if values.shape[1] != 3:
        return values
    largest = np.abs(values).max(initial=0.0)
    out_of_plane = np.abs(values[:, 2]).max(initial=0.0)
    if out_of_plane > OUT_OF_PLANE * largest:
        raise DataError(
            f"{where}: the mesh is flat in z, so the z component of {name!r} must be zero; "
            f"it reaches {out_of_plane:.3g} where the field reaches {largest:.3g}"
        )
    return values[:, :2].copy()
