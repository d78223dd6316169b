import pytest

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
