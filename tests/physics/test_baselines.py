import shutil
from pathlib import Path

import numpy as np
import pytest

from graphformers.errors import DataError
from graphformers.physics import MeshStore, ReadOptions
from graphformers.physics.baselines import MeanPredictor, NearestCase

ROUNDING = 1e-6


@pytest.fixture
def store(ring_folder: Path, tmp_path: Path) -> MeshStore:
    return MeshStore.import_cases(
        ring_folder, ReadOptions(fields=("p", "U")), folder=tmp_path / "cache"
    )


def test_the_mean_is_that_of_all_training_nodes(store: MeshStore) -> None:
    train = [0, 1, 3]
    nodes = np.concatenate([store.load(number).fields["p"] for number in train])
    found = MeanPredictor(store, train).predict(store.load(5))
    assert found["p"].shape == (len(store.load(5).points), 1)
    assert found["p"] == pytest.approx(nodes.mean(), abs=ROUNDING)
    assert found["U"].shape[1] == 2


def test_a_training_case_is_nearest_to_itself_and_predicted_exactly(store: MeshStore) -> None:
    baseline = NearestCase(store, store.indices("train"))
    for number in store.indices("train"):
        case = store.load(number)
        assert baseline.nearest(case) == number
        assert np.array_equal(baseline.predict(case)["U"], case.fields["U"])


def test_parameters_decide_between_equal_shapes(ring_folder: Path, tmp_path: Path) -> None:
    for name in ("01", "02", "03"):
        shutil.copy(ring_folder / "00.vtu", ring_folder / f"{name}.vtu")
    alike = MeshStore.import_cases(ring_folder, folder=tmp_path / "alike")
    assert NearestCase(alike, [0, 3]).nearest(alike.load(1)) == 0
    assert NearestCase(alike, [0, 3]).nearest(alike.load(2)) == 3


def test_shapes_decide_between_equal_parameters(ring_folder: Path, tmp_path: Path) -> None:
    options = ReadOptions(given={"angle_of_attack_deg": 1.0, "reynolds": 1e5})
    same = MeshStore.import_cases(ring_folder, options, folder=tmp_path / "same")
    assert NearestCase(same, [0, 2, 4]).nearest(same.load(5)) == 4
    assert NearestCase(same, [0, 2, 4]).nearest(same.load(1)) in (0, 2)


def test_the_wall_takes_values_from_the_wall(store: MeshStore) -> None:
    case = store.load(5)
    baseline = NearestCase(store, [0])
    source = store.load(0)
    on_wall = baseline.predict(case)["U"][case.wall.point_ids]
    speed = np.linalg.norm(source.fields["U"][source.wall.point_ids], axis=1)
    assert np.linalg.norm(on_wall, axis=1) == pytest.approx(speed[0], rel=1e-5)


def test_no_training_cases_are_an_error(store: MeshStore) -> None:
    with pytest.raises(DataError, match="at least one training case"):
        NearestCase(store, [])
