"""EnSight Gold and EnSight 6: a case file and what it names."""

from pathlib import Path

from vtkmodules.vtkIOEnSight import vtkGenericEnSightReader

from graphformers.physics.readers.reader import Reader
from graphformers.physics.readers.solver_output import SolverOutput

SUFFIXES = (".case", ".encas")


def _make(path: Path) -> vtkGenericEnSightReader:
    reader = vtkGenericEnSightReader()
    reader.SetFilePath(f"{path.parent}/")
    reader.SetCaseFileName(path.name)
    reader.ReadAllVariablesOn()
    return reader


OUTPUT = SolverOutput(make=_make)

ENSIGHT = Reader(
    name="EnSight case",
    expects=", ".join(SUFFIXES),
    recognises=lambda path: path.suffix.lower() in SUFFIXES and not path.is_dir(),
    read=OUTPUT.read,
    open_series=OUTPUT.open_series,
)
