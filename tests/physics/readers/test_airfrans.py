import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics import ReadOptions, read_case, read_cases

RingMesh = Callable[..., pv.UnstructuredGrid]
NAME = "airFoil2D_SST_{speed}_{angle}_2.1_5.0_12.3"


def write_case(ring_mesh: RingMesh, root: Path, speed: float, angle: float) -> Path:
    folder = root / NAME.format(speed=speed, angle=angle)
    folder.mkdir(parents=True)
    mesh = ring_mesh()
    on_wall = np.flatnonzero(mesh.point_data["wall"])
    del mesh.point_data["wall"]
    mesh.point_data["nut"] = np.ones(mesh.n_points)
    mesh.point_data["implicit_distance"] = -np.ones(mesh.n_points)
    mesh.clear_field_data()
    mesh.save(folder / f"{folder.name}_internal.vtu")
    wall = pv.PolyData(np.asarray(mesh.points)[on_wall], lines=[24, *range(24)])
    wall.point_data["p"] = np.arange(24.0)
    wall.save(folder / f"{folder.name}_aerofoil.vtp")
    return folder


@pytest.fixture
def data_set(ring_mesh: RingMesh, tmp_path: Path) -> Path:
    root = tmp_path / "Dataset"
    folders = [write_case(ring_mesh, root, speed, -2.5) for speed in (31.25, 40.0)]
    manifest = {"full_train": [folders[0].name], "full_test": [folders[1].name]}
    (root / "manifest.json").write_text(json.dumps(manifest))
    return root


def test_the_name_gives_the_parameters_and_the_manifest_the_split(data_set: Path) -> None:
    first, second = read_cases(data_set)
    assert first.parameters == {"speed": 31.25, "angle_of_attack_deg": -2.5}
    assert (first.split, second.split) == ("train", "test")


def test_the_aerofoil_is_the_wall(data_set: Path) -> None:
    case = read_cases(data_set)[0]
    assert case.space == 2
    assert case.boundaries["wall"].sum() == 24
    assert case.wall.facets.shape == (2, 24)
    assert case.wall_path is not None


def test_fields_are_those_of_the_flow_unless_others_are_named(data_set: Path) -> None:
    assert set(read_cases(data_set)[0].fields) == {"U", "p", "nut"}
    named = read_cases(data_set, ReadOptions(fields=("implicit_distance",)))[0]
    assert list(named.fields) == ["implicit_distance"]
    assert named.units["p"] == "m2/s2"


def test_the_surface_is_the_aerofoil_alone(data_set: Path) -> None:
    options = ReadOptions(region="surface", fields=("p",))
    case = read_cases(data_set, options)[0]
    assert case.num_points == 24
    assert case.fields["p"][:, 0].tolist() == list(range(24))


def test_a_case_that_is_in_two_parts_is_an_error(data_set: Path) -> None:
    manifest = json.loads((data_set / "manifest.json").read_text())
    manifest["full_test"] += manifest["full_train"]
    (data_set / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match=r"is in train and in test"):
        read_cases(data_set)


def test_one_case_is_read_by_its_folder(ring_mesh: RingMesh, tmp_path: Path) -> None:
    folder = write_case(ring_mesh, tmp_path, 50.0, 3.0)
    assert read_case(folder).parameters == {"speed": 50.0, "angle_of_attack_deg": 3.0}
