"""Fluent's common format: ``<name>.cas.h5`` with the mesh, ``<name>.dat.h5`` with the fields."""

from pathlib import Path

from vtkmodules.vtkIOFLUENTCFF import vtkFLUENTCFFReader

from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.reader import Reader
from graphformers.physics.readers.solver_output import SolverOutput

SUFFIX = ".cas.h5"


def _make(path: Path) -> vtkFLUENTCFFReader:
    reader = vtkFLUENTCFFReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    reader.EnableAllCellArrays()
    return reader


def _cases(path: Path) -> list[CaseFile]:
    return [CaseFile(name=path.name[: -len(SUFFIX)], path=path)]


OUTPUT = SolverOutput(make=_make)

FLUENT = Reader(
    name="Fluent case",
    expects=f"{SUFFIX} with its .dat.h5 beside it",
    recognises=lambda path: path.name.lower().endswith(SUFFIX) and not path.is_dir(),
    read=OUTPUT.read,
    cases=_cases,
)
