"""Regions of the flow around an airfoil."""

import dataclasses

import numpy as np
import pytest

from graphformers.errors import ConfigError, DataError
from graphformers.physics import bundled_airfoils, read_case
from graphformers.physics.forces import FreeStream
from graphformers.physics.regions import (
    FlowRegion,
    RegionThresholds,
    flow_regions,
    total_pressure_loss,
)

FREE, LAYER, WAKE = FlowRegion


@pytest.fixture(scope="module")
def case():
    return read_case(bundled_airfoils() / "0083.vtu")  # 8.6 degrees


def with_flow(case, speed, loss=0.0):
    """The case with this speed everywhere, and the pressure that leaves this loss."""
    velocity = np.zeros((case.num_points, 3))
    velocity[:, 0] = speed
    pressure = 0.5 * (1 - loss - velocity[:, 0] ** 2)
    return dataclasses.replace(case, fields={"p": pressure[:, None], "U": velocity})


def test_bernoulli_flow_is_free_stream_up_to_the_wall(case):
    speed = np.random.default_rng(0).uniform(0, 2, case.num_points)
    regions = flow_regions(with_flow(case, speed))
    on_wall = case.features[:, 0] == 1
    assert (regions[on_wall] == LAYER).all()
    assert (regions[~on_wall] == FREE).all()


def test_slow_fluid_is_layer_near_the_wall_and_wake_behind_it(case):
    height = 0.04
    regions = flow_regions(
        with_flow(case, 1.0, loss=0.2), thresholds=RegionThresholds(layer_height=height)
    )
    angle = np.deg2rad(case.parameters["angle_of_attack_deg"])
    along = case.points @ [np.cos(angle), np.sin(angle)]
    behind = along > along[case.wall.point_ids].max()
    near = case.features[:, 1] <= height * case.wall.extent
    assert (regions[behind] == WAKE).all()
    assert (regions[near & ~behind] == LAYER).all()
    assert (regions[~near & ~behind] == WAKE).all()


def test_the_wake_turns_with_the_stream(case):
    slow = with_flow(case, 1.0, loss=0.2)
    backwards = flow_regions(slow, FreeStream(angle_of_attack_deg=180.0))
    ahead = case.points[:, 0] < case.points[case.wall.point_ids, 0].min()
    assert (backwards[ahead] == WAKE).all()


def test_the_loss_has_no_unit():
    pressure, velocity = np.array([0.1, -0.3]), np.array([[0.5, 0.2], [1.0, 0.0]])
    slow = total_pressure_loss(pressure, velocity, FreeStream(angle_of_attack_deg=0.0))
    fast = FreeStream(angle_of_attack_deg=0.0, speed=30.0, density=1.2)
    scaled = total_pressure_loss(pressure * 1.2 * 900, velocity * 30, fast)
    np.testing.assert_allclose(scaled, slow, rtol=1e-12)
    np.testing.assert_allclose(slow, [1 - 0.2 - 0.29, 1 + 0.6 - 1], rtol=1e-12)


def test_an_airfoil_has_a_thin_layer_and_a_narrow_wake(case):
    regions = flow_regions(case)
    distance, height = case.features[:, 1], case.points[:, 1]
    assert distance[regions == LAYER].max() < 0.1
    assert (case.points[regions == WAKE, 0] > 0.9).all()
    assert np.ptp(height[regions == WAKE]) < 0.5
    assert 0.2 < (regions == LAYER).mean() < 0.4
    assert 0.02 < (regions == WAKE).mean() < 0.1


def test_a_higher_threshold_makes_regions_smaller(case):
    strict = flow_regions(case, thresholds=RegionThresholds(loss=0.2))
    loose = flow_regions(case, thresholds=RegionThresholds(loss=0.02))
    assert ((strict != FREE) <= (loose != FREE)).all()
    assert (strict != FREE).sum() < (loose != FREE).sum()


def test_a_case_that_lacks_something_is_refused(case):
    with pytest.raises(DataError, match="has no field 'p'"):
        flow_regions(dataclasses.replace(case, fields={}))
    with pytest.raises(DataError, match="does not say its 'angle_of_attack_deg'"):
        flow_regions(dataclasses.replace(case, parameters={}))
    no_wall = dataclasses.replace(case.wall, facets=np.zeros((2, 0), dtype=int))
    with pytest.raises(DataError, match="has no wall"):
        flow_regions(dataclasses.replace(case, wall=no_wall))


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"loss": 0.0}, "loss must lie"), ({"layer_height": 0.0}, "layer_height must be positive")],
)
def test_impossible_thresholds_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        RegionThresholds(**changes)
