"""Opening mesh files so that a damaged one is an error and never half a mesh."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyvista as pv
from vtkmodules.vtkCommonCore import (
    VTK_DOUBLE,
    VTK_FLOAT,
    vtkLogger,
    vtkOutputWindow,
    vtkStringOutputWindow,
)
from vtkmodules.vtkCommonDataModel import vtkDataObject
from vtkmodules.vtkIOXML import vtkXMLReader

from graphformers.errors import DataError
from graphformers.physics.ply_file import check_ply_is_whole
from graphformers.physics.readers.blocks import merged_blocks
from graphformers.physics.readers.point_fields import is_node_type

MESH_SUFFIXES = (".vtu", ".vtp", ".vts", ".vtr", ".vti", ".vtm", ".vtk", ".stl", ".ply", ".obj")


def open_mesh(path: str | Path, fields: Sequence[str] | None = None) -> pv.DataSet:
    """Read a file of VTK's formats, or an STL, PLY or OBJ file.

    Of XML files only the named ``fields`` and what is no field are read. The blocks of a VTM file
    are merged: see ``merged_blocks``. Raises ``DataError`` for a file that is missing, truncated,
    of another kind or without a mesh.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    if path.suffix.lower() not in MESH_SUFFIXES:
        raise DataError(f"{path}: expected a mesh file ({', '.join(MESH_SUFFIXES)})")
    if path.suffix.lower() == ".ply":
        check_ply_is_whole(path)
    with vtk_messages() as messages:
        reader = pv.get_reader(str(path)).reader
        if isinstance(reader, vtkXMLReader) and fields is not None:
            _choose_arrays(reader, fields)
        reader.Update()  # the reader of PyVista above it would write errors to the root logger
        dataset = pv.wrap(reader.GetOutputDataObject(0))
        complaint = first_complaint(messages)
    if complaint:
        raise DataError(f"{path}: cannot be read, is it truncated? VTK says: {complaint}")
    return single_mesh(dataset, str(path))


def single_mesh(output: object, where: str) -> pv.DataSet:
    """The mesh a reader gave, its blocks merged; ``DataError`` for anything else."""
    if isinstance(output, pv.MultiBlock):
        return merged_blocks(output, where)
    if not isinstance(output, pv.DataSet):
        raise DataError(f"{where}: expected a mesh, the file holds a {type(output).__name__}")
    return output


@contextmanager
def vtk_messages() -> Iterator[vtkStringOutputWindow]:
    """Collect what VTK complains about instead of letting it write to the terminal."""
    window = vtkStringOutputWindow()
    previous_window = vtkOutputWindow.GetInstance()
    previous_verbosity = vtkLogger.GetCurrentVerbosityCutoff()
    vtkOutputWindow.SetInstance(window)
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    try:
        yield window
    finally:
        vtkLogger.SetStderrVerbosity(previous_verbosity)
        vtkOutputWindow.SetInstance(previous_window)


def first_complaint(messages: vtkStringOutputWindow) -> str:
    """First error VTK reported, without its source position, or an empty string.

    Some readers report a truncated file as a mere warning: warnings that speak of an error count.
    """
    for block in messages.GetOutput().split("\n\n"):
        lines = [line.strip() for line in block.strip().splitlines() if line.strip()]
        if lines and "error" in block.lower():
            text = lines[0] if len(lines) == 1 else lines[1]
            return re.sub(r"^\w+ \(0x[0-9a-f]+\): ", "", text)
    return ""


def _choose_arrays(reader: vtkXMLReader, fields: Sequence[str]) -> None:
    """Leave fields that nobody asked for on the disk; all are read when one is missing."""
    reader.UpdateInformation()
    information = reader.GetOutputInformation(0)
    found = [
        (selection, arrays.GetInformationObject(number))
        for arrays, selection in (
            (
                information.Get(vtkDataObject.POINT_DATA_VECTOR()),
                reader.GetPointDataArraySelection(),
            ),
            (information.Get(vtkDataObject.CELL_DATA_VECTOR()), reader.GetCellDataArraySelection()),
        )
        for number in range(arrays.GetNumberOfInformationObjects() if arrays else 0)
    ]
    names = {array.Get(vtkDataObject.FIELD_NAME()) for _, array in found}
    if not set(fields) <= names:
        return
    for selection, array in found:
        name = array.Get(vtkDataObject.FIELD_NAME())
        is_floating = array.Get(vtkDataObject.FIELD_ARRAY_TYPE()) in (VTK_FLOAT, VTK_DOUBLE)
        if is_floating and name not in fields and not is_node_type(name):
            selection.DisableArray(name)
