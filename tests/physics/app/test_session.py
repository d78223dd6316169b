import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import ConfigError, DataError
from graphformers.physics import read_case
from graphformers.physics.app import Session
from graphformers.physics.app.session import SHOWN
from graphformers.physics.external_flow import coefficients

ANGLE = "angle_of_attack_deg"
SINGLE_PRECISION = 1e-5


@pytest.fixture
def session(surrogate, airfoil):
    session = Session(surrogate)
    session.open(airfoil)
    return session


def test_a_mesh_opens_at_the_parameters_it_states(session, airfoil) -> None:
    assert session.parameters == {ANGLE: 2.33, "reynolds": 1363000.0}
    assert not session.is_turned
    assert session.case.num_points == pv.read(airfoil).n_points


def test_a_mesh_without_parameters_opens_at_the_middle(surrogate, airfoil) -> None:
    mesh = pv.read(airfoil)
    mesh.field_data.remove("reynolds")
    session = Session(surrogate)
    session.open(mesh)
    assert session.parameters["reynolds"] == session.sliders["reynolds"].middle
    assert session.parameters[ANGLE] == pytest.approx(2.33)


def test_turning_gives_what_the_surrogate_predicts_there(session, surrogate, airfoil) -> None:
    session.set(ANGLE, 7.0)
    expected = surrogate.predict(airfoil, {ANGLE: 7.0})
    np.testing.assert_array_equal(session.dataset().point_data["p"], expected.point_data["p"])
    assert session.is_turned
    session.set(ANGLE, 2.33)
    assert not session.is_turned


def test_nothing_is_computed_twice(session, surrogate, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(type(surrogate), "predict_fields", lambda self, case: asked.append(case))
    session.set(ANGLE, 2.33)
    session.predict()
    assert not asked
    session.set(ANGLE, 3.0)
    session.predict()
    assert len(asked) == 1


def test_what_a_mesh_knows_of_its_wall_is_kept_while_turning(session) -> None:
    features = session.case.features
    session.set(ANGLE, 5.0)
    session.predict()
    assert session.case.features is features


def test_quantities_are_prediction_truth_and_their_difference(session, airfoil) -> None:
    truth = read_case(airfoil).fields
    predicted = session.predict()
    np.testing.assert_allclose(
        session.values("U", "truth"), np.linalg.norm(truth["U"], axis=1), rtol=SINGLE_PRECISION
    )
    np.testing.assert_array_equal(session.values("p"), predicted["p"][:, 0])
    np.testing.assert_array_equal(
        session.values("U", "error"), np.linalg.norm(predicted["U"] - truth["U"], axis=1)
    )
    assert session.scale("p", "error").low == -session.scale("p", "error").high
    assert session.scale("p") == session.scale("p", "truth")
    assert session.label("U") == "|U| (m/s)"
    assert session.label("p", "error") == "error of p (m²/s²)"


def test_errors_are_in_the_unit_of_the_field(session) -> None:
    assert session.compare("p").rms == pytest.approx(
        np.sqrt(np.mean(session.values("p", "error") ** 2))
    )


def test_forces_are_those_of_the_prediction(session) -> None:
    assert session.forces() == coefficients(session.case, session.predict())


def test_a_mesh_without_truth_has_nothing_to_compare(surrogate, airfoil) -> None:
    mesh = pv.read(airfoil)
    del mesh.point_data["p"]
    session = Session(surrogate)
    session.open(mesh)
    assert not session.has_truth("p")
    assert session.has_truth("U")
    for ask in (session.compare, lambda field: session.values(field, "error")):
        with pytest.raises(DataError, match="carries no 'p' to compare"):
            ask("p")
    assert session.scale("p").low < session.scale("p").high


@pytest.mark.parametrize(("normal", "axis"), [("x", 0), ("y", 1)])
def test_a_cut_through_a_plane_mesh_is_a_line(session, normal, axis) -> None:
    cut = session.slice("p", normal=normal, position=0.5)
    assert np.ptp(cut.points[:, axis]) < SINGLE_PRECISION
    assert cut.n_points > 10
    values = session.values("p")
    assert cut.point_data[SHOWN].min() >= values.min()
    assert cut.point_data[SHOWN].max() <= values.max()


def test_cuts_stand_past_the_body(session) -> None:
    extent = session.case.wall.extent
    before, behind = (session.slice("p", position=at).points[0, 0] for at in (0.0, 1.0))
    assert (before, behind) == pytest.approx((-0.25 * extent, 1.25 * extent), abs=1e-2)
    with pytest.raises(ConfigError, match="across x or y"):
        session.slice("p", normal="z")
    with pytest.raises(ConfigError, match="from 0 to 1"):
        session.slice("p", position=2.0)


def test_the_vtu_holds_fields_truths_errors_and_parameters(session, tmp_path) -> None:
    session.set(ANGLE, 6.0)
    (tmp_path / "taken.vtu").write_bytes(session.vtu())
    read = pv.read(tmp_path / "taken.vtu")
    assert {"p", "p_truth", "p_error", "U", "U_truth", "U_error"} <= set(read.point_data.keys())
    np.testing.assert_allclose(
        read.point_data["p"], session.values("p"), rtol=SINGLE_PRECISION, atol=SINGLE_PRECISION
    )
    assert read.field_data[ANGLE] == pytest.approx([6.0])


def test_taking_the_vtu_leaves_the_mesh_as_it_was(surrogate, airfoil) -> None:
    mesh = pv.read(airfoil)
    session = Session(surrogate)
    session.open(mesh)
    session.set(ANGLE, 6.0)
    session.vtu()
    assert mesh.field_data[ANGLE] == pytest.approx([2.33])
    assert set(mesh.point_data.keys()) == {"p", "U", "wall"}


def test_an_uploaded_file_opens_by_its_name(session, airfoil) -> None:
    before = session.values("p")
    session.set(ANGLE, 9.0)
    session.open_bytes("wing.vtu", airfoil.read_bytes())
    assert session.case.name == "wing"
    np.testing.assert_array_equal(session.values("p"), before)


def test_a_mesh_that_cannot_be_used_leaves_the_one_before(session) -> None:
    case = session.case
    with pytest.raises(DataError, match=r"^wing.vtu: cannot be read"):
        session.open_bytes("wing.vtu", b"no mesh at all")
    with pytest.raises(DataError, match="trained on 2-D"):
        session.open(pv.Sphere())
    with pytest.raises(DataError, match="expected"):
        session.open_bytes("../../notes.txt", b"hello")
    assert session.case is case


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("reynold", 1.0, "did you mean 'reynolds'"),
        ("reynolds", float("nan"), "finite number"),
        ("reynolds", -1.0, "must be positive"),
    ],
)
def test_parameters_are_checked(session, name, value, message) -> None:
    with pytest.raises(ConfigError, match=message):
        session.set(name, value)


def test_without_a_mesh_there_is_nothing_to_show(surrogate) -> None:
    with pytest.raises(DataError, match="no mesh is open"):
        Session(surrogate).values("p")


def test_an_unknown_field_is_refused(session) -> None:
    with pytest.raises(ConfigError, match="no field 'u'"):
        session.values("u")
