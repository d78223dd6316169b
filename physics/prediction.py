"""From a mesh somebody asks about to a case, and from predicted fields to a data set."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyvista as pv

from graphformers.errors import DataError
from graphformers.files import replacing
from graphformers.physics.baselines import Fields
from graphformers.physics.case_files import find_cases, is_openfoam_case
from graphformers.physics.mesh_case import MeshCase
from graphformers.physics.metrics import point_error
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.reading import case_from_dataset, read_case

TRUTH_SUFFIX = "_truth"
ERROR_SUFFIX = "_error"


def case_to_predict(
    mesh: str | Path | pv.DataSet | MeshCase,
    wanted: ReadOptions,
    given: Mapping[str, float],
) -> MeshCase:
    """The case of a mesh, with those of the wanted fields it carries already; they are the truth.

    It must have the inputs. ``given`` parameters come before those of the mesh. Fields of OpenFOAM
    cases are not looked at: before the solver ran they are what it starts from.
    """
    if isinstance(mesh, MeshCase):
        return dataclasses.replace(mesh, parameters={**mesh.parameters, **given})
    options = dataclasses.replace(wanted, given=given, skip_missing=True)
    if isinstance(mesh, pv.DataSet):
        return case_from_dataset(mesh, options)
    files = find_cases(mesh)
    if any(is_openfoam_case(file.path) for file in files):
        options = dataclasses.replace(options, fields=())
    return read_case(mesh, options)


def dataset_with_fields(case: MeshCase, predicted: Fields) -> pv.DataSet:
    """A copy of the case's mesh with the predicted fields at its points.

    Where the mesh carries a field already, that becomes ``<field>_truth``, and ``<field>_error`` is
    the difference: prediction minus truth of a scalar, its length of a vector.
    """
    dataset = case.dataset.copy(deep=False)
    for name, values in predicted.items():
        dataset.point_data[name] = _for_vtk(values, case)
        if name in dataset.cell_data:
            del dataset.cell_data[name]
        if name in case.fields:
            truth = case.fields[name]
            is_scalar = truth.shape[1] == 1
            error = (values - truth)[:, 0] if is_scalar else point_error(values, truth)
            dataset.point_data[name + TRUTH_SUFFIX] = _for_vtk(truth, case)
            dataset.point_data[name + ERROR_SUFFIX] = error.astype(np.float32)
    return dataset


def write_dataset(dataset: pv.DataSet, path: str | Path) -> None:
    """Write a data set atomically; a ``.vtu`` file takes any kind of mesh."""
    path = Path(path)
    if path.suffix.lower() == ".vtu":
        dataset = dataset.cast_to_unstructured_grid()
    with replacing(path) as temporary:
        try:
            dataset.save(temporary)
        except ValueError as error:
            raise DataError(f"{path}: cannot be written ({error}); try .vtu") from error


def _for_vtk(values: np.ndarray, case: MeshCase) -> np.ndarray:
    """Scalars without a second axis, vectors of a plane with a third component of zero."""
    if values.shape[1] == 1:
        return values[:, 0].astype(np.float32)
    missing = 3 - values.shape[1] if case.space == 2 and values.shape[1] == 2 else 0
    return np.pad(values, ((0, 0), (0, missing))).astype(np.float32)
