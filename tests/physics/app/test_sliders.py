import dataclasses

import numpy as np
import pytest
import torch

from graphformers.physics.app import Slider
from graphformers.physics.app.sliders import sliders_of
from graphformers.physics.conditions import encode_conditions
from graphformers.physics.normalization import Normalization

EVENLY = 0.02  # of the reach: 400 values are not quite evenly spread


def normalization(surrogate, values: dict[str, np.ndarray]) -> Normalization:
    """The surrogate's, had its cases had these parameters."""
    columns = encode_conditions(
        torch.from_numpy(np.stack([*values.values()], axis=1)), [*values]
    ).float()
    spread = columns.std(dim=0, correction=0)
    return dataclasses.replace(
        surrogate.normalization_,
        parameters=tuple(values),
        condition_mean=columns.mean(dim=0),
        condition_std=torch.where(spread > 0, spread, 1.0),
    )


def test_sliders_end_where_evenly_spread_training_cases_did(surrogate) -> None:
    generator = np.random.default_rng(0)
    order = generator.permutation(400)
    values = {
        "angle_of_attack_deg": np.linspace(-4, 10, 400),
        "reynolds": np.geomspace(5e5, 3e6, 400)[order],
        "speed": np.linspace(20, 60, 400),
    }
    angle, reynolds, speed = sliders_of(normalization(surrogate, values))
    assert (angle.low, angle.high) == pytest.approx((-4, 10), abs=14 * EVENLY)
    assert (reynolds.low, reynolds.high) == pytest.approx((5e5, 3e6), rel=EVENLY)
    assert (speed.low, speed.high) == pytest.approx((20, 60), abs=40 * EVENLY)


def test_what_did_not_vary_in_training_cannot_be_turned(surrogate) -> None:
    values = {"angle_of_attack_deg": np.full(5, 3.0), "reynolds": np.geomspace(1e5, 1e6, 5)}
    angle, reynolds = sliders_of(normalization(surrogate, values))
    assert not angle.varies
    assert angle.middle == pytest.approx(3.0, abs=1e-4)
    assert reynolds.varies


@pytest.mark.parametrize("name", ["reynolds", "speed", "angle_of_attack_deg"])
def test_positions_and_values_are_inverse(name) -> None:
    slider = Slider(name=name, low=1.0, high=100.0)
    for position in (0.0, 0.3, 1.0):
        assert slider.position(slider.value(position)) == pytest.approx(position)
    assert slider.middle == pytest.approx(10.0 if name == "reynolds" else 50.5)


def test_values_beyond_the_ends_stand_at_the_ends() -> None:
    slider = Slider(name="reynolds", low=1e5, high=1e6)
    assert (slider.position(-1.0), slider.position(1e9)) == (0.0, 1.0)
    assert Slider(name="speed", low=3.0, high=3.0).position(7.0) == 0.5


def test_labels_are_words_with_units() -> None:
    assert Slider(name="angle_of_attack_deg", low=0, high=1).label == "angle of attack (°)"
    assert Slider(name="reynolds", low=0, high=1).label == "Reynolds number"
