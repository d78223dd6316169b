"""Sessions about bodies in space."""

import numpy as np
import pytest
import pyvista as pv

from graphformers.physics.app import Session
from graphformers.physics.app.scene import Scene
from graphformers.physics.app.session import SHOWN

SINGLE_PRECISION = 1e-5


@pytest.fixture
def session(space_surrogate):
    return Session(space_surrogate)


def test_an_stl_opens_at_the_middle_of_what_was_trained(session, tmp_path) -> None:
    pv.Sphere(radius=0.5).save(tmp_path / "ball.stl")
    session.open_bytes("ball.stl", (tmp_path / "ball.stl").read_bytes())
    assert session.parameters == {"speed": session.sliders["speed"].middle}
    assert session.parameters["speed"] == pytest.approx(7.5, abs=2.0)
    assert session.values("p").shape == (session.case.num_points,)
    assert not session.has_truth("p")
    assert session.forces() is None
    (tmp_path / "taken.vtu").write_bytes(session.vtu())
    assert pv.read(tmp_path / "taken.vtu").point_data["p"].shape == (session.case.num_points,)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_cut_through_a_volume_is_a_plane(session, rooms, axis) -> None:
    session.open(rooms[1])
    cut = session.slice("p", "truth", normal="xyz"[axis], position=0.75)
    assert cut.points[:, axis] == pytest.approx(0.375, abs=SINGLE_PRECISION)
    np.testing.assert_allclose(cut.point_data[SHOWN], cut.points[:, 0], atol=SINGLE_PRECISION)
    assert np.ptp(cut.points, axis=0).min() == pytest.approx(0, abs=SINGLE_PRECISION)


def test_speed_turns_the_prediction(session, rooms) -> None:
    session.open(rooms[1])
    slow = session.values("p")
    session.set("speed", 5.0)
    assert not np.array_equal(slow, session.values("p"))


def test_the_scene_shows_the_body_and_its_cut(session, rooms, monkeypatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    session.open(rooms[1])
    scene = Scene(width=120, height=90)
    scene.open(session.case)
    scene.color(session.values("p"), session.scale("p"), session.label("p"))
    body = scene.pixels()
    scene.cut(session.slice("p", normal="x", position=1.0), session.scale("p"))
    assert not np.array_equal(body, scene.pixels())
    scene.close()
