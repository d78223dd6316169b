import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvista as pv
from matplotlib.image import imread

from graphformers.errors import DataError
from graphformers.physics import case_from_dataset
from graphformers.physics.curves import wall_picture
from graphformers.physics.pictures import (
    body_box,
    comparison_picture,
    field_picture,
    streamlines,
    view,
)
from graphformers.physics.rendering import (
    Box,
    ColorScale,
    RenderingError,
    render_plane,
    render_surface,
)

RingMesh = Callable[..., pv.UnstructuredGrid]
PIXEL = 3 / 200  # three pixels of the 200 a box is wide


@pytest.fixture(autouse=True)
def without_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


def pixels(png: bytes) -> np.ndarray:
    return imread(io.BytesIO(png))[..., :3]


def test_the_borders_of_a_picture_are_those_of_the_box(ring_mesh: RingMesh) -> None:
    mesh = ring_mesh(around=64, radius=0.5, outer=3.0)
    box = Box(left=-1.0, right=1.0, bottom=-0.5, top=0.5)
    scale = ColorScale(name="viridis", low=0.0, high=1.0)
    image = render_plane(mesh, np.zeros(mesh.n_points), scale, box, width=200)
    assert image.shape == (100, 200, 3)
    hole = (image == 255).all(axis=2)
    assert hole.mean() == pytest.approx(np.pi * 0.25 / 2, abs=PIXEL)
    columns = np.flatnonzero(hole.any(axis=0))
    assert (columns[0] / 200, columns[-1] / 200) == pytest.approx((0.25, 0.75), abs=PIXEL)


def test_values_become_the_colours_of_the_scale(ring_mesh: RingMesh) -> None:
    mesh = ring_mesh(radius=0.1, outer=3.0)
    box = Box(left=0.5, right=1.5, bottom=0.5, top=1.5)
    scale = ColorScale(name="gray", low=0.0, high=2.0)
    image = render_plane(mesh, np.full(mesh.n_points, 1.0), scale, box, width=20)
    assert np.abs(image.astype(int) - 128).max() <= 2


def test_a_body_in_space_is_drawn_in_the_middle() -> None:
    case = case_from_dataset(pv.Sphere())
    scale = ColorScale(name="viridis", low=-1.0, high=1.0)
    image = render_surface(case.wall, case.points[:, 0], scale, width=80)
    drawn = (image != 255).any(axis=2)
    assert drawn[30, 40]
    assert not drawn[0].any()


def test_comparison_shows_the_prediction() -> None:
    ball = pv.Sphere()
    ball.point_data["p"] = ball.points[:, 0]
    case = case_from_dataset(ball)
    right = pixels(comparison_picture(case, case.fields["p"], "p"))
    wrong = pixels(comparison_picture(case, case.fields["p"] + case.points[:, 1:2], "p"))
    third = right.shape[1] // 3
    assert np.array_equal(right[:, :third], wrong[:, :third])
    assert not np.array_equal(right[:, third:], wrong[:, third:])


def test_comparison_of_a_vector_has_a_close_up(ring_mesh: RingMesh) -> None:
    case = case_from_dataset(ring_mesh())
    picture = pixels(comparison_picture(case, 0.9 * case.fields["U"], "U"))
    assert picture.shape[0] > picture.shape[1] / 2


def test_a_constant_field_can_be_drawn(ring_mesh: RingMesh) -> None:
    mesh = ring_mesh()
    mesh.point_data["p"] = np.ones(mesh.n_points)
    case = case_from_dataset(mesh)
    assert pixels(comparison_picture(case, case.fields["p"], "p")).std() > 0


def test_streamlines_follow_the_velocity(ring_mesh: RingMesh) -> None:
    mesh = ring_mesh()
    mesh.point_data["U"] = np.tile([1.0, 0.0, 0.0], (mesh.n_points, 1))
    case = case_from_dataset(mesh)
    lines = streamlines(case, "U")
    assert lines.n_lines > 0
    for number in range(lines.n_cells):
        assert np.ptp(lines.get_cell(number).points[:, 1]) < 1e-4


def test_the_box_of_a_body_holds_it(ring_mesh: RingMesh) -> None:
    case = case_from_dataset(ring_mesh(radius=0.5))
    box = body_box(case)
    assert box.holds(case.points[case.wall.point_ids]).all()
    assert box.width < 2.0


def test_wall_picture_is_a_picture(ring_mesh: RingMesh) -> None:
    case = case_from_dataset(ring_mesh())
    truth = case.fields["p"][:, 0]
    assert not np.array_equal(
        pixels(wall_picture(case, truth, "p")), pixels(wall_picture(case, truth + 0.2, "p"))
    )


@pytest.mark.parametrize("field", ["p", "U"])
def test_view_writes_a_screenshot(ring_mesh: RingMesh, tmp_path: Path, field: str) -> None:
    ring_mesh().save(tmp_path / "ring.vtu")
    view(tmp_path / "ring.vtu", field=field, screenshot=tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_a_field_that_is_not_there_leaves_no_picture(ring_mesh: RingMesh, tmp_path: Path) -> None:
    ring_mesh().save(tmp_path / "ring.vtu")
    with pytest.raises(DataError, match="expected a field 'q'"):
        view(tmp_path / "ring.vtu", field="q", screenshot=tmp_path / "picture.png")
    assert not (tmp_path / "picture.png").exists()


def test_a_vtk_that_needs_a_display_says_so(
    ring_mesh: RingMesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pv, "vtk_version_info", (9, 3, 1))
    monkeypatch.setattr("sys.platform", "linux")
    case = case_from_dataset(ring_mesh())
    with pytest.raises(RenderingError, match="run under xvfb-run"):
        field_picture(case, "p")
