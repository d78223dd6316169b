"""Mesh files of VTK's formats and surfaces: one case each."""

from pathlib import Path

from graphformers.physics.mesh_file import MESH_SUFFIXES, open_mesh
from graphformers.physics.read_options import ReadOptions
from graphformers.physics.readers.case_file import CaseFile
from graphformers.physics.readers.reader import OpenedMesh, Reader


def _recognises(path: Path) -> bool:
    return path.suffix.lower() in MESH_SUFFIXES and not path.is_dir()


def _read(file: CaseFile, options: ReadOptions) -> OpenedMesh:
    return OpenedMesh(dataset=open_mesh(file.path, options.wanted))


MESH_FILES = Reader(
    name="mesh file",
    expects=", ".join(MESH_SUFFIXES),
    recognises=_recognises,
    read=_read,
)
