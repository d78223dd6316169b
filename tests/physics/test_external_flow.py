"""Which cases are flows around a body in a stream, and what their coefficients refer to."""

import dataclasses

import numpy as np
import pytest
import pyvista as pv

from graphformers.physics import case_from_dataset
from graphformers.physics.external_flow import (
    SHEAR,
    coefficients,
    forces_of_prediction,
    free_stream,
    has_forces,
    is_external,
)
from graphformers.physics.forces import projected_area

HALF_A_CIRCLE_OFF = 1e-2  # a circle of 200 straight edges
SINGLE_PRECISION = 1e-6
ROUND_BODY = 2e-2  # what a ball of flat triangles lacks of its shadow


@pytest.fixture
def section(ring_mesh):
    return case_from_dataset(ring_mesh(around=200))


def body(surface: pv.PolyData, **numbers: float):
    """A body in space with a pressure that falls along x, at 1 a metre, and these numbers."""
    surface.point_data["p"] = -surface.points[:, 0].astype(np.float64)
    for name, value in numbers.items():
        surface.field_data[name] = [value]
    return case_from_dataset(surface)


def box(**numbers: float):
    return body(pv.Box((-1, 1, -0.5, 0.5, -0.25, 0.25)).triangulate(), **numbers)


@pytest.mark.parametrize(
    "sign",
    [
        {"angle_of_attack_deg": 0.0},
        {"frontal_area": 0.5},
        {"reference_area": 2.0},
        {"drag_coefficient": 0.3},
        {"lift_coefficient": 0.1},
    ],
)
def test_a_body_in_space_is_in_a_stream_when_it_says_what_only_such_a_body_has(sign) -> None:
    assert has_forces(box(**sign), {"p": np.zeros((8, 1))})


@pytest.mark.parametrize("numbers", [{}, {"reynolds": 1e5, "speed": 2.0, "pressure_drop": 0.3}])
def test_a_channel_has_no_coefficients(numbers) -> None:
    case = box(**numbers)
    assert not is_external(case)
    assert forces_of_prediction(case, case.fields) == {}


def test_a_section_needs_an_angle_of_attack_whatever_it_states(section) -> None:
    assert is_external(section)
    still = dataclasses.replace(section, parameters={}, results={"drag_coefficient": 0.1})
    assert not is_external(still)
    assert forces_of_prediction(still, still.fields) == {}


def test_an_angle_counts_that_the_surrogate_does_not_read(section) -> None:
    unread = dataclasses.replace(section, parameters={}, results=section.parameters)
    assert free_stream(unread) == free_stream(section)


def test_a_wall_along_the_stream_has_no_coefficients_unless_it_states_an_area() -> None:
    floor = pv.Plane(direction=(0, 1, 0)).triangulate()
    assert not is_external(body(floor, drag_coefficient=0.1))
    assert is_external(body(floor, reference_area=1.0))


def test_without_a_stated_area_the_frontal_one_is_taken() -> None:
    straight, turned = (
        free_stream(box(angle_of_attack_deg=angle, drag_coefficient=1.0)) for angle in (0.0, 30.0)
    )
    assert straight.area == pytest.approx(1.0 * 0.5)
    angle = np.deg2rad(30.0)
    assert turned.area == pytest.approx(0.5 * np.cos(angle) + 2.0 * np.sin(angle))
    assert free_stream(box(frontal_area=0.7)).area == 0.7
    assert free_stream(box(frontal_area=0.7, reference_area=3.0)).area == 3.0


def test_the_shadow_of_a_ball_is_a_disc() -> None:
    ball = body(pv.Sphere(radius=0.5, theta_resolution=60, phi_resolution=60))
    for direction in np.eye(3):
        area = projected_area(ball.wall, direction)
        assert area == pytest.approx(np.pi / 4, rel=ROUND_BODY)


def test_the_drag_of_a_box_is_its_pressure_difference_over_the_dynamic_pressure() -> None:
    """2 m long: the pressure falls by 2 from nose to tail, over the frontal area of 0.5 m2."""
    case = box(drag_coefficient=0.0, speed=2.0, density=3.0)
    found = coefficients(case, case.fields)
    assert found.drag == pytest.approx(2.0 / (0.5 * 3.0 * 2.0**2), rel=SINGLE_PRECISION)
    assert abs(found.lift) < SINGLE_PRECISION


def test_moments_of_a_body_in_space_are_about_its_middle() -> None:
    """Wherever the body stands; a pressure of x z lifts its tail and sinks its nose."""
    near = box(frontal_area=0.5)
    x, _, z = near.points.T
    here = coefficients(near, {"p": (x * z)[:, None]})
    there = body(pv.Box((9, 11, -0.5, 0.5, 4.75, 5.25)).triangulate(), frontal_area=0.5)
    moved = coefficients(there, {"p": (x * z)[:, None]})
    assert here.moment == pytest.approx(moved.moment, rel=SINGLE_PRECISION)
    assert abs(here.moment) > 0.1
    half = coefficients(box(frontal_area=0.5, reference_length=4.0), {"p": (x * z)[:, None]})
    assert half.moment == pytest.approx(here.moment / 2, rel=SINGLE_PRECISION)


def test_forces_of_a_body_in_space_are_compared_with_those_of_the_same_fields() -> None:
    case = box(drag_coefficient=9.0, lift_coefficient=9.0)
    true = coefficients(case, case.fields)
    found = forces_of_prediction(case, {"p": 2 * case.fields["p"]})
    assert found["drag"] == pytest.approx((2 * true.drag, true.drag))
    assert found["lift"] == pytest.approx((2 * true.lift, true.lift), abs=SINGLE_PRECISION)
    assert found["moment"] == pytest.approx((2 * true.moment, true.moment), abs=SINGLE_PRECISION)


def test_the_lift_of_a_section_is_compared_with_the_solvers(section) -> None:
    predicted, solver = forces_of_prediction(section, section.fields)["lift"]
    assert solver == section.results["lift_coefficient"]
    assert predicted == coefficients(section, section.fields).lift
    silent = dataclasses.replace(section, results={})
    assert forces_of_prediction(silent, section.fields)["lift"] == (predicted, predicted)


def test_pressure_growing_upwards_pushes_a_circle_down(section) -> None:
    straight = dataclasses.replace(section, parameters={"angle_of_attack_deg": 0.0})
    area = np.pi * 0.5**2
    lift = coefficients(straight, {"p": straight.points[:, 1:]}).lift
    assert lift == pytest.approx(-2 * area, rel=HALF_A_CIRCLE_OFF)


def test_a_constant_more_of_pressure_pushes_nowhere(section) -> None:
    more = {"p": section.fields["p"] + 1.0}
    predicted, true = forces_of_prediction(section, more)["drag"]
    assert predicted == pytest.approx(true)


def test_wall_shear_counts_towards_the_drag_with_the_sign_of_openfoam(section) -> None:
    angle = np.deg2rad(section.parameters["angle_of_attack_deg"])
    along = np.array([np.cos(angle), np.sin(angle)])
    smooth = {"p": section.fields["p"], SHEAR: np.zeros((section.num_points, 2))}
    rough = {**smooth, SHEAR: np.tile(-along, (section.num_points, 1))}
    more = coefficients(section, rough).drag - coefficients(section, smooth).drag
    circumference_over_diameter = np.pi
    assert more == pytest.approx(2 * circumference_over_diameter, rel=HALF_A_CIRCLE_OFF)
