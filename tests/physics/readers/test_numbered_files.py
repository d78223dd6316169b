import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics import ReadOptions, read_case, read_series
from graphformers.physics.case_files import find_cases
from graphformers.physics.mesh_series import NORMAL, WALL_BOUNDARY

RingMesh = Callable[..., pv.UnstructuredGrid]


def save_steps(
    ring_mesh: RingMesh, folder: Path, numbers: list[int], times: list[float] | None = None
) -> list[Path]:
    """A ring whose pressure is the number of the step everywhere."""
    paths = []
    for k, number in enumerate(numbers):
        mesh = ring_mesh()
        mesh.point_data["p"] = np.full(mesh.n_points, float(number))
        if times:
            mesh.field_data["TimeValue"] = [times[k]]
        paths.append(folder / f"ring_{number}.vtu")
        mesh.save(paths[-1])
    return paths


def test_numbered_files_are_the_steps_of_one_series(ring_mesh: RingMesh, tmp_path: Path) -> None:
    paths = save_steps(ring_mesh, tmp_path, [2, 10, 1])
    series = read_series(paths)
    assert series.name == "ring"
    assert series.times.tolist() == [1.0, 2.0, 10.0]
    assert [series.read_step(k)["p"][0, 0] for k in range(3)] == [1.0, 2.0, 10.0]
    assert series.read_step(0)["U"].shape == (120, 2)
    assert not series.mesh.fields


def test_a_folder_of_numbered_files_is_a_series(ring_mesh: RingMesh, tmp_path: Path) -> None:
    save_steps(ring_mesh, tmp_path, [0, 1])
    series = read_series(tmp_path, ReadOptions(step_seconds=0.01, fields=("p",)))
    assert series.times.tolist() == [0.0, 0.01]
    assert list(series.read_step(1)) == ["p"]


def test_times_that_files_state_beat_their_numbers(ring_mesh: RingMesh, tmp_path: Path) -> None:
    save_steps(ring_mesh, tmp_path, [1, 2], times=[0.25, 0.5])
    assert read_series(tmp_path).times.tolist() == [0.25, 0.5]


def test_points_of_the_wall_are_prescribed(ring_mesh: RingMesh, tmp_path: Path) -> None:
    save_steps(ring_mesh, tmp_path, [1, 2])
    series = read_series(tmp_path)
    assert (series.node_types[series.mesh.boundaries["wall"]] == WALL_BOUNDARY).all()
    assert (series.node_types[~series.mesh.boundaries["wall"]] == NORMAL).all()


def test_a_series_can_be_sent_to_another_process(ring_mesh: RingMesh, tmp_path: Path) -> None:
    save_steps(ring_mesh, tmp_path, [1, 2])
    series = read_series(tmp_path)
    there = pickle.loads(pickle.dumps(series.read_step))
    assert np.array_equal(there(1)["p"], series.read_step(1)["p"])


def test_a_step_that_is_not_there_is_an_error(ring_mesh: RingMesh, tmp_path: Path) -> None:
    save_steps(ring_mesh, tmp_path, [1, 2])
    with pytest.raises(IndexError, match="has steps 0 to 1; got 2"):
        read_series(tmp_path).read_step(2)


def test_another_mesh_in_a_later_step_is_an_error(ring_mesh: RingMesh, tmp_path: Path) -> None:
    save_steps(ring_mesh, tmp_path, [1, 2])
    ring_mesh(around=30).save(tmp_path / "ring_2.vtu")
    with pytest.raises(DataError, match=r"ring_2\.vtu: the mesh of a series must stay the same.*"):
        read_series(tmp_path).read_step(1)
    ring_mesh(radius=0.6).save(tmp_path / "ring_2.vtu")
    with pytest.raises(DataError, match=r"points move by up to 0\.1 from the first file"):
        read_series(tmp_path).read_step(1)


def test_a_step_without_a_field_of_the_first_is_an_error(
    ring_mesh: RingMesh, tmp_path: Path
) -> None:
    save_steps(ring_mesh, tmp_path, [1, 2])
    mesh = ring_mesh()
    del mesh.point_data["U"]
    mesh.save(tmp_path / "ring_2.vtu")
    with pytest.raises(DataError, match=r"ring_2\.vtu: expected a field 'U'; there is p"):
        read_series(tmp_path).read_step(1)


def test_infinity_in_a_step_names_field_time_and_point(ring_mesh: RingMesh, tmp_path: Path) -> None:
    save_steps(ring_mesh, tmp_path, [1, 2])
    mesh = ring_mesh()
    mesh.point_data["p"][5] = np.inf
    mesh.save(tmp_path / "ring_2.vtu")
    with pytest.raises(DataError, match=r"time 2: field 'p' must be finite; 1 of 120.*point 5"):
        read_series(tmp_path).read_step(1)


def write_collection(folder: Path, entries: list[tuple[str, str]]) -> Path:
    lines = "".join(f'<DataSet timestep="{time}" file="{name}"/>' for time, name in entries)
    path = folder / "flow.pvd"
    path.write_text(f'<VTKFile type="Collection"><Collection>{lines}</Collection></VTKFile>')
    return path


def test_a_collection_is_a_series_in_the_order_of_its_times(
    ring_mesh: RingMesh, tmp_path: Path
) -> None:
    save_steps(ring_mesh, tmp_path, [1, 2])
    path = write_collection(tmp_path, [("0.5", "ring_2.vtu"), ("0.1", "ring_1.vtu")])
    series = read_series(path)
    assert series.times.tolist() == [0.1, 0.5]
    assert series.read_step(1)["p"][0, 0] == 2.0
    assert read_case(path).fields["p"][0, 0] == 2.0
    assert read_case(path, ReadOptions(time=0.1)).fields["p"][0, 0] == 1.0


def test_files_of_a_collection_are_no_cases_of_their_own(
    ring_mesh: RingMesh, tmp_path: Path
) -> None:
    save_steps(ring_mesh, tmp_path, [1, 2, 7])
    write_collection(tmp_path, [("0.1", "ring_1.vtu"), ("0.5", "ring_2.vtu")])
    assert [case.name for case in find_cases(tmp_path)] == ["flow", "ring_7"]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "the collection lists no file"),
        ([("1", "ring_1.vtu"), ("1", "ring_2.vtu")], "expected one file for every time"),
        ([("soon", "ring_1.vtu")], "the collection cannot be read"),
        ([("1", "ring_7.vtu")], "no such file"),
    ],
)
def test_a_bad_collection_says_what_is_wrong(
    ring_mesh: RingMesh, tmp_path: Path, entries: list[tuple[str, str]], message: str
) -> None:
    save_steps(ring_mesh, tmp_path, [1, 2])
    with pytest.raises(DataError, match=message):
        read_series(write_collection(tmp_path, entries))


def test_one_file_is_no_series(ring_mesh: RingMesh, tmp_path: Path) -> None:
    (path,) = save_steps(ring_mesh, tmp_path, [1])
    with pytest.raises(DataError, match="expected a solution over time; a mesh file holds one"):
        read_series(path)
