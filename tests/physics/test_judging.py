import dataclasses

import numpy as np
import pytest
import pyvista as pv

from graphformers.physics import case_from_dataset
from graphformers.physics.external_flow import SHEAR, coefficients
from graphformers.physics.judging import Part, judge

PARTLY = np.array([0.9, 1.2, 0.7])  # how large predictions are, of the true fields of three bodies


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


def test_wall_shear_makes_the_drag_a_whole_one(case):
    angle = np.deg2rad(case.parameters["angle_of_attack_deg"])
    along = np.array([np.cos(angle), np.sin(angle)])
    smooth = {**truth(case), SHEAR: np.zeros((case.num_points, 2))}
    rough = {**smooth, SHEAR: np.tile(-along, (case.num_points, 1))}
    more = coefficients(case, rough).drag - coefficients(case, smooth).drag
    sheared = dataclasses.replace(case, fields=smooth)
    (row,) = judge({"rough": lambda _: rough}, [Part(name="test", cases=[sheared])])
    assert row["drag/rms"] == pytest.approx(more)
    assert "pressure_drag/rms" not in row


def test_there_are_no_forces_without_a_free_stream(case):
    still = dataclasses.replace(case, parameters={})
    (row,) = judge({"truth": truth}, [Part(name="test", cases=[case, still])])
    assert {key.split("/")[0] for key in row if "/" in key} == {"p", "U"}


def test_drag_and_lift_of_bodies_in_space_are_judged_over_the_cases():
    """The predicted pressure is a share of the true one, and so are lift, drag and moment."""
    cases = [body(length) for length in (1.0, 1.5, 2.0)]
    share = dict(zip([case.name for case in cases], PARTLY, strict=True))
    true = [coefficients(case, case.fields) for case in cases]
    (row,) = judge(
        {"partly": lambda case: {"p": share[case.name] * case.fields["p"]}},
        [Part(name="test", cases=cases)],
    )
    for name, column in {"lift": "lift", "drag": "pressure_drag", "moment": "moment"}.items():
        expected = np.array([getattr(one, name) for one in true])
        assert np.ptp(expected) > 0
        error = (PARTLY - 1) * expected
        assert row[f"{column}/rms"] == pytest.approx(np.sqrt(np.mean(error**2)))
        assert row[f"{column}/correlation"] == pytest.approx(
            np.corrcoef(PARTLY * expected, expected)[0, 1]
        )


def body(length: float):
    """A ball drawn out along x, with a pressure that pushes it back, up and its nose up."""
    surface = pv.Sphere(theta_resolution=12, phi_resolution=12).scale((length, 1, 1))
    x, _, z = surface.points.T.astype(np.float64)
    surface.point_data["p"] = -x * length - z * (1 + x)
    surface.field_data["frontal_area"] = [np.pi / 4]
    return dataclasses.replace(case_from_dataset(surface), name=f"{length}")
