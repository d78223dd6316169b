from pathlib import Path

import h5py
import numpy as np
import pytest

from graphformers.errors import DataError
from graphformers.physics import ReadOptions, iter_series, read_case, read_cases, read_series
from graphformers.physics.case_files import find_cases
from graphformers.physics.mesh_series import NORMAL, WALL_BOUNDARY

X, Y, TIMES = np.array([0.0, 1.0, 2.0]), np.array([0.0, 0.5]), np.array([0.0, 0.1, 0.2, 0.3])
SAMPLES = 2


def field(group: h5py.Group, name: str, values: np.ndarray, varying: tuple) -> None:
    group[name] = values.astype(np.float32)
    group[name].attrs["sample_varying"], group[name].attrs["time_varying"] = varying[:2]
    group[name].attrs["dim_varying"] = list(varying[2:])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two trajectories on a grid of 3 by 2 with fields that do not depend on every axis."""
    path = tmp_path / "flow" / "data" / "valid" / "flow_Re100.hdf5"
    path.parent.mkdir(parents=True)
    with h5py.File(path, "w") as stored:
        stored.attrs["n_trajectories"] = SAMPLES
        stored.attrs["n_spatial_dims"] = 2
        stored.attrs["grid_type"] = "cartesian"
        stored.attrs["simulation_parameters"] = ["Re"]
        stored.attrs["Re"] = 100.0
        dimensions = stored.create_group("dimensions")
        dimensions.attrs["spatial_dims"] = ["x", "y"]
        dimensions["x"], dimensions["y"], dimensions["time"] = X, Y, TIMES
        scalars = stored.create_group("scalars")
        scalars["gap"] = np.array([0.25, 0.5])
        scalars["gap"].attrs["sample_varying"], scalars["gap"].attrs["time_varying"] = True, False
        sample, step, x, y = np.meshgrid(
            np.arange(SAMPLES), np.arange(4), np.arange(3), np.arange(2), indexing="ij"
        )
        numbers = 1000 * sample + 100 * step + 10 * x + y
        scalar, vector = stored.create_group("t0_fields"), stored.create_group("t1_fields")
        field(scalar, "density", numbers, (True, True, True, True))
        field(scalar, "height", np.arange(3), (False, False, True, False))
        velocity = np.stack([numbers, -numbers], axis=-1)
        field(vector, "velocity", velocity, (True, True, True, True))
        stress = velocity[..., None] * np.ones(2)
        field(stored.create_group("t2_fields"), "stress", stress, (True, True, True, True))
        conditions = stored.create_group("boundary_conditions")
        for name, kind, mask in (
            ("x_periodic", "PERIODIC", [True, False, True]),
            ("bottom", "WALL", [True, False]),
        ):
            condition = conditions.create_group(name)
            condition.attrs["bc_type"] = kind
            condition.attrs["associated_dims"] = ["x" if len(mask) == 3 else "y"]
            condition["mask"] = np.array(mask)
    return path


def test_every_trajectory_is_a_series(file: Path) -> None:
    first, second = iter_series(file)
    assert (first.name, second.name) == ("flow_Re100_0", "flow_Re100_1")
    assert first.times.tolist() == TIMES.tolist()
    assert first.mesh.split == "val"
    assert first.mesh.parameters == {"Re": 100.0, "gap": 0.25}
    assert second.mesh.parameters == {"Re": 100.0, "gap": 0.5}


def test_fields_stand_at_the_points_they_were_computed_at(file: Path) -> None:
    series = read_series(find_cases(file)[1])
    fields = series.read_step(2)
    column, row = series.mesh.points[:, 0], series.mesh.points[:, 1] / 0.5
    expected = 1200 + 10 * column + row
    assert np.array_equal(fields["density"][:, 0], expected)
    assert np.array_equal(fields["velocity"], np.stack([expected, -expected], axis=1))
    assert np.array_equal(fields["height"][:, 0], column)
    assert np.array_equal(fields["stress"][:, [0, 2]], fields["velocity"])
    assert fields["stress"].shape == (6, 4)


def test_walls_are_prescribed_and_periodic_sides_are_not(file: Path) -> None:
    series = read_series(find_cases(file)[0])
    on_bottom = series.mesh.points[:, 1] == 0
    assert (series.node_types[on_bottom] == WALL_BOUNDARY).all()
    assert (series.node_types[~on_bottom] == NORMAL).all()
    assert np.array_equal(series.mesh.boundaries["bottom_wall"], on_bottom)
    assert series.mesh.boundaries["x_periodic"].sum() == 4


def test_a_case_is_one_step_and_a_data_set_all_files(file: Path) -> None:
    cases = read_cases(file.parents[2], ReadOptions(time=0.1, fields=("density",)))
    assert [case.fields["density"].min() for case in cases] == [100.0, 1100.0]


def test_a_grid_that_moves_is_an_error(file: Path) -> None:
    with h5py.File(file, "a") as stored:
        del stored["dimensions/x"]
        stored["dimensions/x"] = np.zeros((4, 3))
    with pytest.raises(DataError, match=r"expected a fixed grid of 2 or 3 axes; got .*\(4, 3\)"):
        read_case(find_cases(file)[0])


def test_a_file_without_times_is_an_error(file: Path) -> None:
    with h5py.File(file, "a") as stored:
        del stored["dimensions/time"]
    with pytest.raises(DataError, match="expected a data set 'time'; there is x, y"):
        read_case(find_cases(file)[0])
