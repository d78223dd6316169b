import numpy as np
import pytest
import pyvista as pv

from graphformers.physics import case_from_dataset
from graphformers.physics.app.scene import Scene
from graphformers.physics.app.session import SHOWN
from graphformers.physics.pictures.color_scale import ColorScale

GRAY = ColorScale(name="gray", low=0.0, high=2.0)
MIDDLE = 128
ROUNDING = 2


@pytest.fixture(autouse=True)
def without_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


@pytest.fixture
def scene():
    scene = Scene(width=120, height=90)
    yield scene
    scene.close()


def test_colours_follow_the_values(scene, ring_mesh) -> None:
    case = case_from_dataset(ring_mesh(radius=0.2, outer=3.0))
    scene.open(case)
    scene.color(np.full(case.num_points, 1.0), GRAY, "p")
    assert np.abs(scene.pixels()[10, 10].astype(int) - MIDDLE).max() <= ROUNDING
    scene.color(np.full(case.num_points, 2.0), GRAY, "p")
    assert scene.pixels()[10, 10].min() >= 255 - ROUNDING


def test_values_stand_at_their_own_points(scene, ring_mesh) -> None:
    case = case_from_dataset(ring_mesh(around=64, radius=0.2, outer=3.0))
    scene.open(case)
    scene.color(np.sign(case.points[:, 0]) + 1, GRAY, "p")
    left, right = scene.pixels()[40, [10, 110]].astype(int)
    assert left.max() < ROUNDING
    assert right.min() > 255 - ROUNDING


def test_labels_of_before_are_gone(scene, ring_mesh) -> None:
    case = case_from_dataset(ring_mesh())
    scene.open(case)
    for label in ("p", "|U| (m/s)", "p"):
        scene.color(case.points[:, 0], GRAY, label)
    assert [*scene.plotter.scalar_bars.keys()] == ["p"]


def test_a_cut_through_a_plane_is_a_dark_line_that_can_be_taken_away(scene, ring_mesh) -> None:
    case = case_from_dataset(ring_mesh(radius=0.2, outer=3.0))
    scene.open(case)
    scene.color(np.full(case.num_points, 1.0), GRAY, "p")
    plain = scene.pixels()
    line = case.dataset.slice(normal="x", origin=(0.3, 0, 0))
    scene.cut(line, GRAY)
    dark = (scene.pixels()[:60] < 20).all(axis=2)
    assert dark.any(axis=1).mean() > 0.7
    scene.cut(None, GRAY)
    np.testing.assert_array_equal(scene.pixels(), plain)


def test_a_body_in_space_is_seen_with_the_plane_of_its_cut(scene) -> None:
    grid = pv.ImageData(dimensions=(13, 10, 10), spacing=(1 / 3,) * 3, origin=(-2, -1.5, -1.5))
    outside = np.abs(grid.cell_centers().points).max(axis=1) > 0.5
    case = case_from_dataset(grid.extract_cells(np.flatnonzero(outside)))
    scene.open(case)
    scene.color(case.points[:, 0], GRAY, "p")
    body = scene.pixels()
    assert (body[45, 60] != 255).any()
    cut = case.dataset.slice(normal="x", origin=(0.7, 0, 0))
    cut.point_data[SHOWN] = np.full(cut.n_points, 1.0)
    scene.cut(cut, GRAY)
    assert (scene.pixels() != body).mean() > 0.05
