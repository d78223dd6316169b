"""Plots of numbers: forces, errors against distance, curves along the wall."""

import dataclasses

import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import DataError
from graphformers.physics import case_from_dataset
from graphformers.physics.external_flow import coefficients
from graphformers.physics.pictures import (
    distance_picture,
    force_picture,
    forces_over_cases,
    wall_picture,
)
from graphformers.physics.pictures.distance import distance_profile

SINGLE_PRECISION = 1e-6


@pytest.fixture
def case(ring_mesh):
    return case_from_dataset(ring_mesh())


def test_forces_are_collected_over_the_cases_that_have_them(case) -> None:
    turned = dataclasses.replace(case, parameters={"angle_of_attack_deg": 8.0}, results={})
    still = dataclasses.replace(case, parameters={})
    found = forces_over_cases(lambda one: {"p": 2 * one.fields["p"]}, [case, still, turned])
    predicted, true = found["drag"]
    assert true == pytest.approx([coefficients(one, one.fields).drag for one in (case, turned)])
    assert predicted == pytest.approx(2 * true)
    assert found["lift"][1] == pytest.approx(
        [case.results["lift_coefficient"], coefficients(turned, turned.fields).lift]
    )


def test_a_force_picture_has_a_panel_for_each_coefficient(pixels) -> None:
    pairs = np.array([[1.0, 2.0, 3.0], [1.1, 1.9, 3.2]])
    one = pixels(force_picture({"lift": pairs}))
    two = pixels(force_picture({"lift": pairs, "drag": pairs}))
    assert two.shape[1] > 1.8 * one.shape[1]
    assert not np.array_equal(one, pixels(force_picture({"lift": pairs[:, :2]})))


def test_without_forces_there_is_no_picture_of_them() -> None:
    with pytest.raises(DataError, match="no case has forces"):
        force_picture({})


def test_the_error_of_a_distance_is_found_at_that_distance(case) -> None:
    prediction = case.fields["p"] + (case.features[:, 1:2] > 1.0)
    profile = distance_profile([case, case], [prediction, prediction], "p")
    filled = profile.count > 0
    assert profile.count.sum() == 2 * case.num_points
    beyond = profile.edges[:-1][filled] > 1.0
    within = profile.edges[1:][filled] < 1.0
    assert profile.rms[filled][beyond] == pytest.approx(1.0, abs=SINGLE_PRECISION)
    assert profile.rms[filled][within] == pytest.approx(0.0, abs=SINGLE_PRECISION)


def test_a_distance_picture_has_a_line_for_each_method(case, pixels) -> None:
    near, far = [case.fields["p"] + 0.1], [case.fields["p"] + 1.0]
    one = pixels(distance_picture([case], {"near": near}, "p"))
    both = pixels(distance_picture([case], {"near": near, "far": far}, "p"))
    assert one.shape != both.shape or not np.array_equal(one, both)


def test_wall_picture_shows_the_prediction(case, pixels) -> None:
    truth = case.fields["p"][:, 0]
    assert not np.array_equal(
        pixels(wall_picture(case, truth, "p")), pixels(wall_picture(case, truth + 0.2, "p"))
    )


def test_a_curve_along_the_wall_is_of_a_scalar_in_the_plane(case) -> None:
    with pytest.raises(DataError, match="needs a scalar in the plane"):
        wall_picture(case, case.fields["U"][:, 0], "U")
    ball = pv.Sphere()
    ball.point_data["p"] = ball.points[:, 0]
    body = case_from_dataset(ball)
    with pytest.raises(DataError, match="1 components in 3-D"):
        wall_picture(body, body.fields["p"][:, 0], "p")
