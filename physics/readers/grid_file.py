"""Functions on grids of the neuraloperator package: tensors ``x`` and ``y``, a case per sample.

``x`` is the function that is given, ``y`` the one that is asked for; of several times, ``y_0`` and
so on. A ``train``, ``val`` or ``test`` in the name of the file says what its samples are for.
"""

import re
from pathlib import Path
from typing import cast

import numpy as np
import pyvista as pv
from jaxtyping import Float
from torch import Tensor

from graphformers.errors import DataError
from graphformers.physics.grids import NEEDED, grid_document, read_grids
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.reader import OpenedMesh, Reader

PART = re.compile(r"(?:^|_)(train|val|test)(?:_|$)")


def _recognises(path: Path) -> bool:
    if path.suffix.lower() != ".pt" or not path.is_file():
        return False
    try:
        grid_document(path)
    except DataError:  # another kind
        return False
    return True


def _cases(path: Path) -> list[CaseFile]:
    named = PART.search(path.stem)
    return [
        CaseFile(
            name=f"{path.stem}_{number:05d}",
            path=path,
            part=str(number),
            split=named[1] if named else None,
        )
        for number in range(len(cast("Tensor", grid_document(path)["x"])))
    ]


def _read(file: CaseFile, _: ReadOptions) -> OpenedMesh:
    number = int(file.part or 0)
    data = read_grids(file.path, slice(number, number + 1))
    if len(data.axes) == 1:
        raise DataError(f"{file.where}: expected functions of the plane or of space, not of a line")
    missing = 3 - len(data.axes)
    dimensions = (*(len(axis) for axis in data.axes), *(1,) * missing)
    grid = pv.ImageData(dimensions=dimensions, spacing=(*data.spacing, *(1.0,) * missing))
    mesh = grid.cast_to_unstructured_grid()
    mesh.point_data["x"] = _along_x_first(data.inputs[0, ..., 0])
    times = data.outputs[0].movedim(-1, 0)
    for time, values in enumerate(times):
        mesh.point_data["y" if len(times) == 1 else f"y_{time}"] = _along_x_first(values)
    for name, value in data.parameters.items():
        mesh.field_data[name] = [value]
    return OpenedMesh(dataset=mesh)


def _along_x_first(values: Float[Tensor, "*grid"]) -> Float[np.ndarray, " points"]:
    """In the order of the points of an image: the first axis is the fastest."""
    return values.double().numpy().ravel(order="F")


GRID_FILE = Reader(
    name="grid file of neuraloperator",
    expects=f".pt with tensors {' and '.join(NEEDED)}",
    recognises=_recognises,
    read=_read,
    cases=_cases,
)
