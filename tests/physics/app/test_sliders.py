import pytest

from graphformers.physics import bundled_airfoils, read_case
from graphformers.physics.app import Slider
from graphformers.physics.app.sliders import sliders_of
from graphformers.physics.training_range import TrainingRange

TRAINED_OR_CHOSEN = ("0001", "0005", "0012")


def test_sliders_end_where_the_training_cases_did(surrogate) -> None:
    angle, reynolds = sliders_of(surrogate.range_)
    cases = [read_case(bundled_airfoils() / f"{name}.vtu") for name in TRAINED_OR_CHOSEN]
    angles = [case.parameters["angle_of_attack_deg"] for case in cases]
    assert (angle.name, reynolds.name) == ("angle_of_attack_deg", "reynolds")
    assert {angle.low, angle.high} <= set(angles)
    assert angle.low < angle.high


def test_what_did_not_vary_in_training_cannot_be_turned() -> None:
    seen = TrainingRange(size=(1.0, 1.0), parameters={"speed": (3.0, 3.0), "mach": (0.1, 0.3)})
    speed, mach = sliders_of(seen)
    assert not speed.varies
    assert speed.middle == 3.0
    assert mach.varies


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
