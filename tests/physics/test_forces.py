from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import DataError, ShapeError
from graphformers.physics import MeshStore, ReadOptions, bundled_airfoils, case_from_dataset
from graphformers.physics.case_files import find_cases
from graphformers.physics.forces import (
    FreeStream,
    force_coefficients,
    pressure_force,
    wall_loops,
)

RingMesh = Callable[..., pv.UnstructuredGrid]
POLYGON_ERROR = 2e-3  # of 256 straight edges in place of a circle
LIFT_RMS = 0.005  # friction and the solver's own integration by cells, measured 0.003
LIFT_CORRELATION = 0.9999


@pytest.mark.parametrize("angle_deg", [0.0, 7.0, -30.0])
def test_cylinder_with_circulation_has_the_lift_of_kutta_and_joukowski(
    ring_mesh: RingMesh, angle_deg: float
) -> None:
    radius, circulation = 0.5, 1.7
    case = case_from_dataset(ring_mesh(around=256, layers=1, radius=radius))
    x, y = case.points.T
    angle = np.arctan2(y, x) - np.deg2rad(angle_deg)
    tangential = -2 * np.sin(angle) - circulation / (2 * np.pi * radius)
    pressure = 0.5 * (1 - tangential**2)
    stream = FreeStream(angle_of_attack_deg=angle_deg, chord=2 * radius)
    found = force_coefficients(case.wall, pressure, stream)
    assert found.lift == pytest.approx(2 * circulation / (2 * radius), rel=POLYGON_ERROR)
    assert abs(found.drag) < POLYGON_ERROR


def test_constant_pressure_pushes_a_closed_body_nowhere(ring_mesh: RingMesh) -> None:
    case = case_from_dataset(ring_mesh())
    assert np.abs(pressure_force(case.wall, np.full(case.num_points, 3.0))).max() < 1e-12


def test_pressure_growing_with_height_lifts_by_the_area(ring_mesh: RingMesh) -> None:
    case = case_from_dataset(ring_mesh(around=256, layers=1))
    _, vertical = pressure_force(case.wall, -case.points[:, 1])
    assert vertical == pytest.approx(np.pi * 0.25, rel=POLYGON_ERROR)


def test_buoyancy_of_a_body_in_space_is_its_volume() -> None:
    sphere = pv.Sphere()
    case = case_from_dataset(sphere)
    force = pressure_force(case.wall, -case.points[:, 2])
    assert force[2] == pytest.approx(sphere.volume, rel=1e-5)


def test_coefficients_scale_with_the_dynamic_pressure(ring_mesh: RingMesh) -> None:
    case = case_from_dataset(ring_mesh())
    pressure = -case.points[:, 1]
    unit = force_coefficients(case.wall, pressure, FreeStream(angle_of_attack_deg=0.0))
    fast = FreeStream(angle_of_attack_deg=0.0, speed=2.0, chord=3.0, density=5.0)
    assert force_coefficients(case.wall, pressure, fast).lift == pytest.approx(unit.lift / 60)


def test_loops_are_gone_round_counter_clockwise(ring_mesh: RingMesh) -> None:
    case = case_from_dataset(ring_mesh(around=12))
    (loop,) = wall_loops(case.wall.facets)
    assert len(loop) == 12
    angle = np.unwrap(np.arctan2(*case.points[loop].T[::-1]))
    assert (np.diff(angle) > 0).all()


def test_an_open_wall_has_no_loop() -> None:
    with pytest.raises(DataError, match="closed contours"):
        wall_loops(np.array([[0, 1], [1, 2]]))


def test_pressure_must_have_a_value_at_every_point(ring_mesh: RingMesh) -> None:
    case = case_from_dataset(ring_mesh())
    with pytest.raises(ShapeError, match=r"each of 120 points; got shape \(24,\)"):
        pressure_force(case.wall, np.zeros(24))


def test_a_section_is_plane() -> None:
    case = case_from_dataset(pv.Sphere())
    with pytest.raises(DataError, match="need a 2-D mesh"):
        force_coefficients(
            case.wall, np.zeros(case.num_points), FreeStream(angle_of_attack_deg=0.0)
        )


@pytest.fixture(scope="module")
def airfoils(tmp_path_factory: pytest.TempPathFactory) -> MeshStore:
    test_cases = [case.path for case in find_cases(bundled_airfoils()) if case.split == "test"]
    options = ReadOptions(fields=("p", "U"))
    return MeshStore.import_cases(test_cases, options, folder=tmp_path_factory.mktemp("meshes"))


def test_lift_from_the_wall_pressure_is_the_solvers(airfoils: MeshStore) -> None:
    found, expected = [], []
    for number in range(len(airfoils)):
        case = airfoils.load(number)
        stream = FreeStream(angle_of_attack_deg=case.parameters["angle_of_attack_deg"])
        found.append(force_coefficients(case.wall, case.fields["p"][:, 0], stream).lift)
        expected.append(case.results["lift_coefficient"])
    error = np.array(found) - np.array(expected)
    assert np.sqrt((error**2).mean()) < LIFT_RMS
    assert np.corrcoef(found, expected)[0, 1] > LIFT_CORRELATION


def test_bundled_airfoils_are_split_as_their_readme_says() -> None:
    splits = Counter(case.split for case in find_cases(bundled_airfoils()))
    assert splits == {"train": 80, "val": 8, "test": 16}


def test_bundled_airfoils_are_whole(airfoils: MeshStore) -> None:
    assert airfoils.units == {"p": "m2/s2", "U": "m/s"}
    assert airfoils.parameter_names == ("angle_of_attack_deg", "reynolds")
    for number in range(len(airfoils)):
        case = airfoils.load(number)
        assert len(wall_loops(case.wall.facets)) == 1
        assert np.abs(case.fields["U"][case.wall.point_ids]).max() == 0
        assert np.unique(case.edges).size == len(case.points)
