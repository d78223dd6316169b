import sys

import numpy as np
import pytest
import pyvista as pv
from PIL import Image

from graphformers.errors import ConfigError, MissingExtraError
from graphformers.physics import case_from_dataset
from graphformers.physics.pictures import roll_out_frames, write_animation
from graphformers.physics.pictures.framing import CAMERAS

STEPS = 3


@pytest.fixture
def frames():
    generator = np.random.default_rng(0)
    return list(generator.integers(0, 255, (STEPS, 33, 47, 3), dtype=np.uint8))


def test_a_frame_shows_its_step_on_every_panel(ring_mesh) -> None:
    case = case_from_dataset(ring_mesh())
    truth = [case.fields["p"] * share for share in (1.0, 0.5, 1.0)]
    one = list(roll_out_frames(case, {"truth": truth}, "p", times=np.array([0.0, 0.1, 0.0])))
    assert len(one) == STEPS
    np.testing.assert_array_equal(one[0], one[2])
    assert not np.array_equal(one[0], one[1])
    two = list(roll_out_frames(case, {"truth": truth, "prediction": truth[::-1]}, "p"))
    assert two[0].shape[1] > one[0].shape[1]


def test_the_wall_of_a_body_in_space_moves() -> None:
    ball = pv.Sphere()
    case = case_from_dataset(ball)
    steps = [case.points[:, :1], -case.points[:, :1]]
    first, second = roll_out_frames(case, {"p": steps}, "p")
    assert "above" in CAMERAS
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("steps", [{}, {"a": []}, {"a": [np.zeros((1, 1))], "b": []}])
def test_entries_have_equally_many_steps(ring_mesh, steps) -> None:
    with pytest.raises(ConfigError, match="equally many steps"):
        next(roll_out_frames(case_from_dataset(ring_mesh()), steps, "p"))


def test_a_gif_holds_every_frame(frames, tmp_path) -> None:
    write_animation(frames, tmp_path / "flow.gif", frames_per_second=5)
    with Image.open(tmp_path / "flow.gif") as read:
        assert read.n_frames == STEPS
        assert read.size == (47, 33)
        assert read.info["duration"] == 200


def test_an_mp4_holds_every_frame(frames, tmp_path) -> None:
    ffmpeg = pytest.importorskip("imageio_ffmpeg", reason='needs "graphformers[video]"')
    write_animation(iter(frames), tmp_path / "flow.mp4", frames_per_second=10)
    reader = ffmpeg.read_frames(str(tmp_path / "flow.mp4"))
    assert next(reader)["size"] == (46, 32)
    assert len(list(reader)) == STEPS


def test_a_film_without_its_extra_names_it(frames, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MissingExtraError, match=r"graphformers\[video\]"):
        write_animation(frames, tmp_path / "flow.mp4")
    assert not list(tmp_path.iterdir())


def test_animations_have_a_kind_and_frames(frames, tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"as .gif or .mp4; got 'flow.avi'"):
        write_animation(frames, tmp_path / "flow.avi")
    with pytest.raises(ConfigError, match="at least one frame"):
        write_animation([], tmp_path / "flow.gif")
