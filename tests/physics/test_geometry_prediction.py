"""Sampling surfaces and volumes, units, and fields from a surface alone."""

import dataclasses

import numpy as np
import pytest
import pyvista as pv
import torch

from graphformers.errors import ConfigError, DataError
from graphformers.physics.aero_units import AeroUnits, FieldScale
from graphformers.physics.geometry_prediction import GeometryPredictor, GeometrySizes
from graphformers.physics.geometry_sampling import inside, sample_surface, sample_volume
from graphformers.physics.models import ABUPT, ABUPTConfig

BOX = (-2.0, 3.0, -2.0, 2.0, -2.0, 2.0)
ROUNDING = 1e-6
SIZES = GeometrySizes(geometry_points=200, supernodes=40, surface_anchors=30, volume_anchors=50)


@pytest.fixture
def sphere():
    return pv.Sphere(radius=1.0, theta_resolution=24, phi_resolution=24)


@pytest.fixture
def predictor():
    torch.manual_seed(0)
    config = ABUPTConfig(dim=24, heads=2, radius=5.0, blocks=("perceiver", "cross"))
    return GeometryPredictor(ABUPT(config), AeroUnits.ahmedml(), SIZES)


def test_points_lie_on_the_surface_and_normals_stand_on_it():
    cube = pv.Cube(x_length=2.0, y_length=2.0, z_length=2.0)
    points, normals = sample_surface(cube, 600)
    assert np.abs(points).max(axis=1) == pytest.approx(1.0)
    axis = np.abs(points).argmax(axis=1)[:, None]
    side = np.take_along_axis(points, axis, axis=1)
    assert np.take_along_axis(normals, axis, axis=1) == pytest.approx(side)


def test_every_face_gets_its_share_of_the_points():
    flat = pv.Cube(x_length=4.0, y_length=1.0, z_length=1.0)
    points, _ = sample_surface(flat, 1800)
    on_end = (np.abs(np.abs(points[:, 0]) - 2.0) < ROUNDING).sum()
    assert abs(on_end - 200) <= 4  # two of 18 square metres, up to one for each of four triangles


def test_any_part_of_a_sample_is_a_sample_too(sphere):
    points, _ = sample_surface(sphere, 4000)
    assert np.abs(points[:1000].mean(axis=0)).max() < 0.1
    again, _ = sample_surface(sphere, 4000)
    other, _ = sample_surface(sphere, 4000, seed=1)
    assert np.array_equal(points, again)
    assert not np.array_equal(points, other)


def test_points_in_the_volume_avoid_the_body(sphere):
    points = sample_volume(sphere, BOX, 2000)
    assert points.shape == (2000, 3)
    assert np.linalg.norm(points, axis=1).min() > 0.97  # the facets cut into the sphere
    assert (points >= BOX[::2]).all()
    assert (points <= BOX[1::2]).all()
    assert (points[:, 0] > 2.0).mean() == pytest.approx(16 / (80 - 4 / 3 * np.pi), abs=0.03)


def test_a_share_of_the_points_crowds_near_the_body(sphere):
    points = sample_volume(sphere, BOX, 2000, near=0.75, reach=0.05)
    distance = np.linalg.norm(points, axis=1) - 1.0
    assert (distance < 0.25).mean() > 0.75
    assert (distance[:1000] < 0.25).mean() > 0.7  # mixed


def test_a_surface_with_a_hole_has_no_inside(sphere):
    assert inside(sphere, np.array([[0.0, 0.0, 0.9], [0.0, 0.0, 1.1]])).tolist() == [True, False]
    bowl = sphere.clip(normal="z")
    with pytest.raises(DataError, match="open edges"):
        inside(bowl, np.zeros((1, 3)))


def test_units_of_the_data_sets():
    units = AeroUnits.drivaerml()
    corners = torch.tensor([[-40.0, 0.0, 80.0]])
    expected = torch.tensor([[0.0, 1000 / 3, 1000.0]])
    torch.testing.assert_close(units.coordinates(corners), expected)
    vorticity = torch.tensor([[30.0, -4.0, 0.0]])
    scale = units.fields["vorticity"]
    logarithm = vorticity.sign() * vorticity.abs().log1p()
    normalised = (logarithm - torch.tensor(scale.mean)) / torch.tensor(scale.std)
    torch.testing.assert_close(scale.restore(normalised), vorticity, atol=1e-4, rtol=1e-5)


def test_fields_follow_from_the_surface_alone(sphere, predictor):
    on_surface, in_volume = predictor.predict(sphere, BOX, surface_points=150, volume_points=210)
    assert on_surface.n_points == 150
    assert in_volume.n_points == 210
    shapes = {name: values.shape for name, values in in_volume.point_data.items()}
    assert shapes == {
        "total_pressure_coefficient": (210,),
        "velocity": (210, 3),
        "vorticity": (210, 3),
    }
    assert set(on_surface.point_data) == {"Normals", "pressure", "wall_shear_stress"}
    assert on_surface["pressure"].std() > 0
    assert in_volume["velocity"][:, 0].mean() == pytest.approx(0.87, abs=0.3)


def test_fields_do_not_depend_on_what_else_is_asked(sphere, predictor):
    surface, _ = predictor.predict(sphere, BOX, surface_points=90, volume_points=20)
    same, _ = predictor.predict(sphere, BOX, surface_points=90, volume_points=77)
    assert np.array_equal(surface["pressure"], same["pressure"])


def test_what_does_not_fit_is_refused(sphere, predictor):
    with pytest.raises(DataError, match="three intervals"):
        sample_volume(sphere, (0, 1, 0, 1), 10)
    with pytest.raises(DataError, match="no room for 5 of 5 points"):
        sample_volume(sphere, (-0.1, 0.1, -0.1, 0.1, -0.1, 0.1), 5)
    with pytest.raises(DataError, match="near must lie in"):
        sample_volume(sphere, BOX, 5, near=0.5)
    with pytest.raises(DataError, match="no area"):
        sample_surface(pv.PolyData(np.zeros((3, 3))), 5)
    with pytest.raises(ConfigError, match="supernodes are some of 10 geometry points"):
        GeometrySizes(geometry_points=10)
    scale = FieldScale(mean=(0.0,), std=(1.0,))
    units = dataclasses.replace(predictor.units, fields={"pressure": scale})
    with pytest.raises(ConfigError, match="the units lack the fields wall_shear_stress"):
        GeometryPredictor(predictor.model, units)


def test_every_published_model_has_its_units():
    for preset in ("drivaerml", "ahmedml", "shapenet_car"):
        units, config = getattr(AeroUnits, preset)(), getattr(ABUPTConfig, preset)()
        fields = {name: one for branch in config.branches for name, one in branch.fields.items()}
        assert {name: len(scale.mean) for name, scale in units.fields.items()} == fields
        ends = units.coordinates(torch.tensor([[units.lowest] * 3, [units.highest] * 3]))
        expected = torch.tensor([[0.0] * 3, [1000.0] * 3])
        torch.testing.assert_close(ends, expected, rtol=ROUNDING, atol=0)
