import numpy as np
import pytest
import pyvista as pv

from graphformers.physics import Surrogate, SurrogateConfig
from graphformers.physics.bundled import bundled_airfoils
from graphformers.physics.models import PhysGTOConfig
from graphformers.training import TrainingConfig

TINY = PhysGTOConfig(dim=16, heads=2, tokens=4, blocks=2, octaves=2, hidden=16, dropout=0.0)


@pytest.fixture(scope="session")
def airfoil():
    """A case that was not trained on."""
    return bundled_airfoils() / "0000.vtu"


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory):
    """The folder of a small surrogate that has seen two airfoils once; a third chose the epoch."""
    folder = tmp_path_factory.mktemp("run")
    airfoils = [bundled_airfoils() / name for name in ("0001.vtu", "0005.vtu", "0012.vtu")]
    training = TrainingConfig(epochs=1, batch_size=1, warmup_epochs=0, threads=1)
    config = SurrogateConfig(architecture=TINY, training=training)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHFORMERS_CACHE", str(folder / "cache"))
        Surrogate(config=config).fit(airfoils, ["p", "U"]).save(folder)
    return folder


@pytest.fixture(scope="session")
def surrogate(run):
    return Surrogate.load(run)


def room(size: float) -> pv.UnstructuredGrid:
    """Air around a cube of this size, in cells of a quarter."""
    grid = pv.ImageData(dimensions=(13, 9, 9), spacing=(0.25,) * 3, origin=(-1.5, -1, -1))
    outside = np.abs(grid.cell_centers().points).max(axis=1) > 0.5 * size
    mesh = grid.extract_cells(np.flatnonzero(outside))
    mesh.clear_data()
    mesh.point_data["p"] = mesh.points[:, 0] * size
    mesh.field_data["speed"] = [10 * size]
    return mesh


@pytest.fixture(scope="session")
def rooms() -> list[pv.UnstructuredGrid]:
    return [room(size) for size in (0.5, 1.0, 0.5, 1.0)]


@pytest.fixture(scope="session")
def space_surrogate(rooms):
    """A small surrogate of volumes and surfaces in space."""
    training = TrainingConfig(epochs=1, batch_size=1, warmup_epochs=0, threads=1)
    config = SurrogateConfig(architecture=TINY, training=training, mirror=False)
    return Surrogate(config=config).fit(rooms, ["p"])
