"""All readers, and which one a path belongs to."""

from pathlib import Path

from graphformers.errors import DataError
from graphformers.physics.openfoam import OPENFOAM
from graphformers.physics.readers.airfrans import AIRFRANS
from graphformers.physics.readers.car_runs import CAR_RUNS
from graphformers.physics.readers.cgns import CGNS
from graphformers.physics.readers.ensight import ENSIGHT
from graphformers.physics.readers.fluent import FLUENT
from graphformers.physics.readers.grid_file import GRID_FILE
from graphformers.physics.readers.mesh_files import MESH_FILES
from graphformers.physics.readers.mini_car import MINI_CAR
from graphformers.physics.readers.numbered_files import COLLECTION
from graphformers.physics.readers.periodic_hills import PERIODIC_HILLS
from graphformers.physics.readers.plot3d import PLOT3D
from graphformers.physics.readers.reader import Reader
from graphformers.physics.readers.shapenet_car import SHAPENET_CAR
from graphformers.physics.readers.su2 import SU2
from graphformers.physics.readers.the_well import THE_WELL
from graphformers.physics.readers.trajectories import TRAJECTORIES
from graphformers.physics.readers.xdmf import XDMF

READERS = (  # those that know a path by its name come first
    MESH_FILES,
    COLLECTION,
    OPENFOAM,
    ENSIGHT,
    CGNS,
    PLOT3D,
    FLUENT,
    SU2,
    XDMF,
    AIRFRANS,
    SHAPENET_CAR,
    CAR_RUNS,
    PERIODIC_HILLS,
    MINI_CAR,
    GRID_FILE,
    THE_WELL,
    TRAJECTORIES,
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
