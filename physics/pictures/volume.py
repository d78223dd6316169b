"""Volume meshes with the arrays a filter needs, and nothing else."""

from collections.abc import Mapping

import numpy as np
import pyvista as pv
from jaxtyping import Float

from graphformers.errors import DataError
from graphformers.physics.mesh_case import MeshCase


def volume_with(
    case: MeshCase, arrays: Mapping[str, Float[np.ndarray, "points components"]]
) -> pv.DataSet:
    """The mesh of a case in space with these point arrays; refuses one without cells of volume."""
    if case.space != 3 or not has_volume(case.dataset):
        raise DataError(
            f"case {case.name!r} is not filled with cells in space: it has no slices, iso-surfaces "
            "or streamlines in space"
        )
    return mesh_with(case, arrays)


def mesh_with(
    case: MeshCase, arrays: Mapping[str, Float[np.ndarray, "points components"]]
) -> pv.DataSet:
    """The mesh of a case with these point arrays only."""
    mesh = case.dataset.copy(deep=False)
    mesh.clear_data()
    for name, values in arrays.items():
        mesh.point_data[name] = values
    return mesh


def has_volume(dataset: pv.DataSet) -> bool:
    """Whether some cell fills a part of space."""
    if isinstance(dataset, pv.PolyData):
        return False
    grid = dataset.cast_to_unstructured_grid()
    _, first = np.unique(grid.celltypes, return_index=True)
    return any(grid.get_cell(int(number)).dimension == 3 for number in first)
