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
    ZeroAreaFacesWarning,
    force_coefficients,
    pressure_force,
    wall_forces,
    wall_loops,
)
from graphformers.physics.wall import Wall

RingMesh = Callable[..., pv.UnstructuredGrid]
POLYGON_ERROR = 2e-3  # of 256 straight edges in place of a circle
LIFT_RMS = 0.005  # friction and the solver's own integration by cells, measured 0.003
LIFT_CORRELATION = 0.9999
MOMENT_RMS = 0.001  # the same, measured 0.0006
ROUNDING = 1e-12
SINGLE_PRECISION = 1e-5
QUARTER_CHORD = (0.25, 0.0)
GAUSS = 0.5 / np.sqrt(3)
QUADRATURE = {  # weights of the corners and the share of the facet's size, exact for squares
    2: [(np.array([0.5 - GAUSS, 0.5 + GAUSS]), 0.5), (np.array([0.5 + GAUSS, 0.5 - GAUSS]), 0.5)],
    3: [(np.array(one) / 2, 1 / 3) for one in ([0, 1, 1], [1, 0, 1], [1, 1, 0])],
}


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


def test_a_body_in_space_needs_an_area() -> None:
    case = case_from_dataset(pv.Sphere())
    with pytest.raises(DataError, match="need its area"):
        force_coefficients(
            case.wall, np.zeros(case.num_points), FreeStream(angle_of_attack_deg=0.0)
        )


def test_shear_must_have_every_component(ring_mesh: RingMesh) -> None:
    case = case_from_dataset(ring_mesh())
    with pytest.raises(ShapeError, match="2 components at each of 120 points"):
        wall_forces(case.wall, np.zeros(120), np.zeros((120, 3)))


def test_friction_around_a_cylinder_turns_it_and_pushes_it_nowhere(ring_mesh: RingMesh) -> None:
    radius, friction = 0.5, 0.3
    case = case_from_dataset(ring_mesh(around=256, layers=1, radius=radius))
    tangent = np.stack([-case.points[:, 1], case.points[:, 0]], axis=1)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    found = wall_forces(case.wall, np.zeros(case.num_points), friction * tangent)
    assert np.abs(found.total).max() < ROUNDING
    torque = friction * 2 * np.pi * radius * radius
    assert found.moment == pytest.approx([torque], rel=POLYGON_ERROR)


def test_friction_along_the_stream_is_drag_over_the_whole_area() -> None:
    body = pv.Sphere()
    case = case_from_dataset(body)
    stream = FreeStream(angle_of_attack_deg=20.0, area=0.5, speed=2.0)
    along, _ = stream.axes(3)
    shear = np.tile(along, (case.num_points, 1))
    found = force_coefficients(case.wall, np.zeros(case.num_points), stream, shear)
    assert found.drag == pytest.approx(body.area, rel=SINGLE_PRECISION)
    assert found.friction_drag == found.drag
    assert abs(found.lift) < SINGLE_PRECISION


@pytest.mark.parametrize("space", [2, 3])
def test_forces_and_moments_are_those_of_an_exact_quadrature(ring_mesh: RingMesh, space) -> None:
    dataset = ring_mesh() if space == 2 else pv.Cone().triangulate()
    case = case_from_dataset(dataset)
    generator = np.random.default_rng(0)
    pressure = generator.normal(size=case.num_points)
    shear = generator.normal(size=(case.num_points, space))
    center = generator.normal(size=space)
    force, moment = np.zeros(space), 0.0
    for facet, normal in zip(case.wall.facets.T, case.wall.facet_normals, strict=True):
        size = np.linalg.norm(normal)
        for weights, share in QUADRATURE[space]:
            position, here = weights @ case.points[facet], weights @ pressure[facet]
            traction = -here * normal / size + weights @ shear[facet]
            force += share * size * traction
            moment = moment + share * size * np.cross(position - center, traction)
    found = wall_forces(case.wall, pressure, shear, center=center)
    np.testing.assert_allclose(found.total, force, atol=ROUNDING)
    np.testing.assert_allclose(found.moment, np.atleast_1d(moment), atol=ROUNDING)


def test_a_section_and_a_body_of_unit_span_have_the_same_coefficients(ring_mesh: RingMesh) -> None:
    section = case_from_dataset(ring_mesh(around=32, layers=1))
    outline = section.points[:32]
    corners = np.concatenate([np.insert(outline, 1, side, axis=1) for side in (0.0, 1.0)])
    first = np.arange(32)
    second = np.roll(first, -1)
    quads = np.stack([np.full(32, 4), first, first + 32, second + 32, second], axis=1)
    body = case_from_dataset(pv.PolyData(corners, quads.ravel()).triangulate())
    pressure = section.points[:, 0] - 2 * section.points[:, 1] ** 2
    stream = FreeStream(angle_of_attack_deg=5.0, area=1.0)
    plane = force_coefficients(section.wall, pressure, FreeStream(angle_of_attack_deg=5.0))
    space = force_coefficients(body.wall, np.tile(pressure[:32], 2), stream)
    assert (space.lift, space.drag, space.moment) == pytest.approx(
        (plane.lift, plane.drag, plane.moment), rel=SINGLE_PRECISION
    )


def test_faces_without_area_are_left_out_whatever_the_fields_say() -> None:
    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0, 0]])
    facets = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3], [0, 4, 1]]).T
    pressure = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    with pytest.warns(ZeroAreaFacesWarning, match="1 of 5 faces"):
        found = wall_forces(Wall(points=points, facets=facets), pressure, points * 0 + 1)
    whole = wall_forces(Wall(points=points, facets=facets[:, :4]), pressure, points * 0 + 1)
    np.testing.assert_array_equal(found.total, whole.total)
    np.testing.assert_array_equal(found.moment, whole.moment)


@pytest.fixture(scope="module")
def airfoils(tmp_path_factory: pytest.TempPathFactory) -> MeshStore:
    test_cases = [case.path for case in find_cases(bundled_airfoils()) if case.split == "test"]
    options = ReadOptions(fields=("p", "U"))
    return MeshStore.import_cases(test_cases, options, folder=tmp_path_factory.mktemp("meshes"))


def test_lift_and_moment_from_the_wall_pressure_are_the_solvers(airfoils: MeshStore) -> None:
    found, expected = [], []
    for number in range(len(airfoils)):
        case = airfoils.load(number)
        stream = FreeStream(
            angle_of_attack_deg=case.parameters["angle_of_attack_deg"], moment_center=QUARTER_CHORD
        )
        coefficients = force_coefficients(case.wall, case.fields["p"][:, 0], stream)
        found.append((coefficients.lift, coefficients.moment))
        expected.append([case.results[f"{name}_coefficient"] for name in ("lift", "moment")])
    lift, moment = np.sqrt(((np.array(found) - np.array(expected)) ** 2).mean(axis=0))
    assert lift < LIFT_RMS
    assert moment < MOMENT_RMS
    assert np.corrcoef(np.array(found)[:, 0], np.array(expected)[:, 0])[0, 1] > LIFT_CORRELATION


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
