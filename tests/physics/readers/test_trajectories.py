import json
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest

from graphformers.errors import DataError
from graphformers.physics import ReadOptions, iter_series, read_case, read_cases, read_series
from graphformers.physics.case_files import find_cases

POINTS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)
CELLS = np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)
STEPS = 3


def fill(group: h5py.Group, number: int) -> None:
    """One trajectory as MeshGraphNets data has it: what does not change has one step, or all."""
    group["cells"] = CELLS[None]
    group["mesh_pos"] = np.tile(POINTS, (STEPS, 1, 1))
    group["node_type"] = np.array([4, 0, 5, 6], dtype=np.int32).reshape(1, 4, 1)
    steps = np.arange(STEPS, dtype=np.float32).reshape(-1, 1, 1) + 10 * number
    group["velocity"] = np.broadcast_to(steps, (STEPS, 4, 2))
    group["pressure"] = np.broadcast_to(-steps, (STEPS, 4, 1))


@pytest.fixture
def train_file(tmp_path: Path) -> Path:
    path = tmp_path / "train.h5"
    with h5py.File(path, "w") as file:
        for number in range(2):
            fill(file.create_group(str(number)), number)
    (tmp_path / "meta.json").write_text(json.dumps({"dt": 0.5, "trajectory_length": STEPS}))
    return path


def test_every_group_is_a_series(train_file: Path) -> None:
    both = list(iter_series(train_file))
    assert [series.name for series in both] == ["train_0", "train_1"]
    assert {series.mesh.split for series in both} == {"train"}
    second = both[1]
    assert second.times.tolist() == [0.0, 0.5, 1.0]
    assert second.node_types.tolist() == [4, 0, 5, 6]
    assert second.mesh.space == 2
    assert second.mesh.edges.shape == (2, 5)
    assert (second.read_step(2)["velocity"] == 12).all()
    assert (second.read_step(-1)["pressure"] == -12).all()


def test_a_case_is_one_step(train_file: Path) -> None:
    file = find_cases(train_file)[0]
    assert (read_case(file).fields["velocity"] == 2).all()
    assert (read_case(file, ReadOptions(time=0.5)).fields["velocity"] == 1).all()
    assert {"inflow", "outflow", "wall_boundary", "wall"} == set(read_case(file).boundaries)


def test_the_validation_file_is_the_validation_set(train_file: Path) -> None:
    valid = train_file.with_name("valid.h5")
    train_file.rename(valid)
    assert {case.split for case in read_cases(valid)} == {"val"}


def test_only_the_fields_asked_for_are_read(train_file: Path) -> None:
    file = find_cases(train_file)[0]
    series = read_series(file, ReadOptions(fields=("pressure",)))
    assert list(series.read_step(0)) == ["pressure"]
    with pytest.raises(DataError, match=r"expected a field 'presure'.*did you mean 'pressure'"):
        read_series(file, ReadOptions(fields=("presure",)))


def test_a_series_can_be_sent_to_another_process(train_file: Path) -> None:
    series = read_series(find_cases(train_file)[0])
    there = pickle.loads(pickle.dumps(series.read_step))
    assert np.array_equal(there(1)["velocity"], series.read_step(1)["velocity"])


def test_a_file_that_is_one_trajectory_has_its_times_and_conditions(tmp_path: Path) -> None:
    path = tmp_path / "heat.h5"
    with h5py.File(path, "w") as file:
        file["cells"], file["node_pos"] = CELLS, POINTS
        file["node_type"] = np.zeros((4, 1), dtype=np.int32)
        file["T"] = np.ones((STEPS, 4), dtype=np.float32)
        file["t"] = np.array([[0.5], [0.52], [0.54]])
        file["conditions"] = np.array([0.25, 60.0])
    series = read_series(path)
    assert series.name == "heat"
    assert series.times.tolist() == [0.5, 0.52, 0.54]
    assert series.mesh.parameters == {"condition_0": 0.25, "condition_1": 60.0}
    assert series.read_step(0)["T"].shape == (4, 1)


def test_one_of_several_trajectories_has_to_be_named(train_file: Path) -> None:
    with pytest.raises(DataError, match="expected one case; it holds 2"):
        read_series(train_file)


def rewrite(path: Path, name: str, values: np.ndarray | None) -> None:
    with h5py.File(path, "a") as file:
        del file[f"1/{name}"]
        if values is not None:
            file[f"1/{name}"] = values


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("pressure", np.zeros((2, 4, 1), np.float32), "same number of steps; got pressure 2, vel"),
        ("mesh_pos", np.stack([POINTS, POINTS + 1]), "mesh_pos changes in time; the mesh must"),
        ("node_type", np.full((1, 4, 1), 12), "node types must be 0 to 8; they are 12 to 12"),
        ("cells", np.zeros((1, 1, 5), np.int32), "cells of 5 corners in 2 dimensions"),
        ("cells", None, "expected a group with cells and mesh_pos or node_pos"),
    ],
)
def test_a_bad_trajectory_says_what_is_wrong(
    train_file: Path, name: str, values: np.ndarray | None, message: str
) -> None:
    file = find_cases(train_file)[1]
    rewrite(train_file, name, values)
    with pytest.raises(DataError, match=message):
        read_series(file)


def test_nan_in_a_later_step_names_it(train_file: Path) -> None:
    with h5py.File(train_file, "a") as file:
        file["0/velocity"][1, 3, 0] = np.nan
    series = read_series(find_cases(train_file)[0])
    with pytest.raises(DataError, match=r"train\.h5, 0, time 0\.5: field 'velocity'.*point 3"):
        series.read_step(1)


def test_other_hdf5_files_are_no_trajectories(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["weights"] = np.zeros(3)
    with pytest.raises(DataError, match="no cases here"):
        find_cases(tmp_path)
