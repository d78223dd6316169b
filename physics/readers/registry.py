"""All readers, and which one a path belongs to."""

from pathlib import Path

from graphformers.errors import DataError
from graphformers.physics.openfoam import OPENFOAM
from graphformers.physics.readers.mesh_files import MESH_FILES
from graphformers.physics.readers.numbered_files import COLLECTION
from graphformers.physics.readers.reader import Reader

READERS = (
    MESH_FILES,
    COLLECTION,
    OPENFOAM,
)


def find_reader(path: Path) -> Reader | None:
    """The first reader that recognises a file or folder, if any does."""
    return next((reader for reader in READERS if reader.recognises(path)), None)


def reader_of(path: Path) -> Reader:
    """The reader of a file or folder; ``DataError`` lists what can be read."""
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    reader = find_reader(path)
    if reader is None:
        kinds = "; ".join(f"{one.name} ({one.expects})" for one in READERS)
        raise DataError(f"{path}: expected a {kinds}")
    return reader
