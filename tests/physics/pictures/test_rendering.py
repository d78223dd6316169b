from collections.abc import Callable

import numpy as np
import pytest
import pyvista as pv

from graphformers.errors import ConfigError
from graphformers.physics import case_from_dataset
from graphformers.physics.pictures.color_scale import ColorScale, error_scale, field_scale
from graphformers.physics.pictures.framing import Box, Camera
from graphformers.physics.pictures.rendering import Layer, render_plane, render_space, wall_mesh

RingMesh = Callable[..., pv.UnstructuredGrid]
PIXEL = 3 / 200  # three pixels of the 200 a box is wide
WHITE = 255
LAMPS = 15  # lamps are not quite white


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
    body = Layer(mesh=wall_mesh(case.wall), values=case.points[:, 0])
    image = render_space([body], scale, Camera.named("above"), width=80)
    drawn = (image != WHITE).any(axis=2)
    assert drawn[30, 40]
    assert not drawn[0].any()


@pytest.mark.parametrize(
    ("name", "seen"), [("front", 0.0), ("back", 1.0), ("left", 0.2), ("top", 0.9)]
)
def test_a_camera_looks_from_where_its_name_says(name: str, seen: float) -> None:
    """Every side of a cube has a grey of its own."""
    cube = pv.Cube().triangulate()
    value_of_side = {
        (-1, 0): 0.0,
        (1, 0): 1.0,
        (-1, 1): 0.2,
        (1, 1): 0.5,
        (1, 2): 0.9,
        (-1, 2): 0.4,
    }
    middles = cube.cell_centers().points
    axis = np.abs(middles).argmax(axis=1)
    signs = np.sign(middles[np.arange(len(axis)), axis]).astype(int)
    apart = cube.separate_cells()
    values = np.zeros(apart.n_points)
    for cell in range(apart.n_cells):
        values[apart.get_cell(cell).point_ids] = value_of_side.get((signs[cell], axis[cell]), 0.4)
    layer = Layer(mesh=apart, values=values)
    scale = ColorScale(name="gray", low=0.0, high=2.0)
    image = render_space([layer], scale, Camera.named(name), width=40)
    brightest = render_space(
        [Layer(mesh=apart, values=0 * values + seen)], scale, Camera.named(name), width=40
    )
    assert np.abs(image[15, 20].astype(int) - brightest[15, 20]).max() <= 2


def test_an_unknown_camera_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="did you mean 'front'"):
        Camera.named("frnt")


def test_a_layer_without_values_is_grey_and_lets_others_be_seen_through() -> None:
    scale = ColorScale(name="viridis", low=0.0, high=1.0)
    ball = Layer(mesh=pv.Sphere())
    clear = Layer(mesh=pv.Sphere(radius=2.0), values=np.zeros(pv.Sphere().n_points), opacity=0.3)
    alone = render_space([ball], scale, Camera.named("front"), width=40)
    assert np.ptp(alone[15, 20].astype(int)) < LAMPS
    hidden = render_space([ball, clear], scale, Camera.named("front"), width=40)
    assert np.ptp(hidden[15, 20].astype(int)) > LAMPS


def test_outliers_do_not_set_the_colours() -> None:
    values = np.append(np.linspace(0, 1, 1000), 1e6)
    assert field_scale(values).high == pytest.approx(1.0, abs=0.01)


def test_an_error_with_a_sign_is_white_at_zero() -> None:
    signed = error_scale(np.array([-3.0, 1.0]), signed=True)
    assert signed.low == -signed.high
    assert error_scale(np.array([3.0, 1.0]), signed=False).low == 0
