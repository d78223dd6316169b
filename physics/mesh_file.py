"""Opening mesh files so that a damaged one is an error and never half a mesh."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyvista as pv
from vtkmodules.vtkCommonCore import vtkLogger, vtkOutputWindow, vtkStringOutputWindow

from graphformers.errors import DataError
from graphformers.physics.ply_file import check_ply_is_whole

MESH_SUFFIXES = (".vtu", ".vtp", ".vtk", ".stl", ".ply")


def open_mesh(path: str | Path) -> pv.DataSet:
    """Read a VTU, VTP, VTK, STL or PLY file.

    Raises ``DataError`` for a file that is missing, truncated, of another kind or without a mesh.
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
        reader.Update()  # the reader of PyVista above it would write errors to the root logger
        dataset = pv.wrap(reader.GetOutputDataObject(0))
        complaint = first_complaint(messages)
    if complaint:
        raise DataError(f"{path}: cannot be read, is it truncated? VTK says: {complaint}")
    if not isinstance(dataset, pv.DataSet):
        raise DataError(f"{path}: expected one mesh, the file holds a {type(dataset).__name__}")
    return dataset


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
