import dataclasses

import numpy as np
import pytest

from graphformers.physics import case_from_dataset
from graphformers.physics.judging import (
    SHEAR,
    Part,
    coefficients,
    drag_of_prediction,
    judge,
    lift_coefficient,
    lift_of_prediction,
)

HALF_A_CIRCLE_OFF = 1e-2  # a circle of 200 straight edges


@pytest.fixture
def case(ring_mesh):
    return case_from_dataset(ring_mesh(around=200))


def truth(case):
    return {"p": case.fields["p"], "U": case.fields["U"]}


def wrong(case):
    return {"p": case.fields["p"] + 1.0, "U": case.fields["U"] * 2}


def test_every_method_is_judged_on_every_part_with_cases(case):
    parts = [Part(name="test", cases=[case]), Part(name="none", cases=[])]
    rows = judge({"truth": truth, "wrong": wrong}, parts)
    assert [(row["part"], row["cases"], row["method"]) for row in rows] == [
        ("test", 1, "truth"),
        ("test", 1, "wrong"),
    ]
    assert rows[0]["p/relative_l2"] == 0
    assert rows[1]["p/rms"] == pytest.approx(1.0)
    assert rows[1]["p/wall_rms"] == pytest.approx(1.0)
    assert rows[1]["U/relative_l2"] == pytest.approx(1.0)


def test_lift_is_compared_with_the_solvers(case):
    predicted, solver = lift_of_prediction(case, truth(case))
    assert solver == case.results["lift_coefficient"]
    assert predicted == lift_coefficient(case, case.fields["p"][:, 0])


def test_without_the_solvers_lift_that_of_its_pressure_is_taken(case):
    silent = dataclasses.replace(case, results={})
    predicted, solver = lift_of_prediction(silent, truth(silent))
    assert predicted == solver


def test_pressure_growing_upwards_pushes_a_circle_down(case):
    straight = dataclasses.replace(case, parameters={"angle_of_attack_deg": 0.0})
    area = np.pi * 0.5**2
    lift = lift_coefficient(straight, straight.points[:, 1])
    assert lift == pytest.approx(-2 * area, rel=HALF_A_CIRCLE_OFF)


def test_drag_is_compared_with_that_of_the_same_fields(case):
    predicted, true = drag_of_prediction(case, wrong(case))
    assert true == coefficients(case, truth(case)).drag
    assert predicted == pytest.approx(true)  # a constant more of pressure pushes nowhere
    doubled = {"p": 2 * case.fields["p"]}
    assert drag_of_prediction(case, doubled)[0] == pytest.approx(2 * true)


def test_wall_shear_counts_towards_the_drag_with_the_sign_of_openfoam(case):
    angle = np.deg2rad(case.parameters["angle_of_attack_deg"])
    along = np.array([np.cos(angle), np.sin(angle)])
    smooth = {**truth(case), SHEAR: np.zeros((case.num_points, 2))}
    rough = {**smooth, SHEAR: np.tile(-along, (case.num_points, 1))}
    more = coefficients(case, rough).drag - coefficients(case, smooth).drag
    circumference_over_diameter = np.pi
    assert more == pytest.approx(2 * circumference_over_diameter, rel=HALF_A_CIRCLE_OFF)
    sheared = dataclasses.replace(case, fields=smooth)
    (row,) = judge({"rough": lambda _: rough}, [Part(name="test", cases=[sheared])])
    assert row["drag/rms"] == pytest.approx(more)
    assert "pressure_drag/rms" not in row


def test_there_is_no_lift_without_a_free_stream(case):
    still = dataclasses.replace(case, parameters={})
    assert lift_of_prediction(still, truth(still)) is None
    (row,) = judge({"truth": truth}, [Part(name="test", cases=[still])])
    assert not any(key.startswith(("lift/", "pressure_drag/")) for key in row)
