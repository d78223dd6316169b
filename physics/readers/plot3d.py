"""PLOT3D: structured blocks in one file, the solution in another beside it.

``wing.xyz`` (or ``.x``, ``.p3d``) goes with ``wing.q``, ``wingxyz.bin`` with ``wingq.bin``. Fields
are Density, Momentum and StagnationEnergy as stored, Pressure and Velocity as computed from these.
"""

from pathlib import Path

from vtkmodules.vtkIOParallel import vtkMultiBlockPLOT3DReader

from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.reader import Reader
from graphformers.physics.readers.solver_output import SolverOutput

SUFFIXES = (".xyz", ".x", ".p3d")
MARK = "xyz"  # at the end of the name of a .bin file
PRESSURE, VELOCITY = 110, 200  # numbers of PLOT3D's functions


def _recognises(path: Path) -> bool:
    is_marked = path.suffix.lower() == ".bin" and path.stem.lower().endswith(MARK)
    return (is_marked or path.suffix.lower() in SUFFIXES) and not path.is_dir()


def _solution(path: Path) -> Path:
    if path.suffix.lower() == ".bin":
        return path.with_name(path.stem[: -len(MARK)] + "q" + path.suffix)
    return path.with_suffix(".q")


def _make(path: Path) -> vtkMultiBlockPLOT3DReader:
    reader = vtkMultiBlockPLOT3DReader()
    reader.SetFileName(str(path))
    reader.AutoDetectFormatOn()
    if _solution(path).is_file():
        reader.SetQFileName(str(_solution(path)))
        for function in (PRESSURE, VELOCITY):
            reader.AddFunction(function)
    return reader


def _cases(path: Path) -> list[CaseFile]:
    name = path.stem[: -len(MARK)] if path.suffix.lower() == ".bin" else path.stem
    return [CaseFile(name=name or path.stem, path=path)]


OUTPUT = SolverOutput(make=_make)

PLOT3D = Reader(
    name="PLOT3D grid",
    expects=f"{', '.join(SUFFIXES)} or *{MARK}.bin, with the solution beside it",
    recognises=_recognises,
    read=OUTPUT.read,
    cases=_cases,
)
