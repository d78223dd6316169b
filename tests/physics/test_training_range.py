"""Questions far from the training cases are answered, and said to be far."""

import dataclasses
import json
import warnings

import pytest
import pyvista as pv

from graphformers.physics import Surrogate, SurrogateConfig
from graphformers.physics.field_system import FIELD_SYSTEMS
from graphformers.physics.readers.quality import LengthUnitWarning
from graphformers.physics.training_range import OutsideTrainingRangeWarning
from graphformers.training import TrainingConfig


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHFORMERS_CACHE", str(tmp_path / "meshes"))


@pytest.fixture
def surrogate(ring_folder):
    small = dataclasses.replace(FIELD_SYSTEMS["transolver"].config(), dim=16, slices=4, blocks=1)
    training = TrainingConfig(epochs=1, warmup_epochs=0)
    config = SurrogateConfig(architecture=small, training=training)
    return Surrogate("transolver", config).fit(ring_folder, ("p", "U"))


def test_a_question_like_the_training_cases_is_answered_in_silence(surrogate, ring_folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        surrogate.predict(ring_folder / "00.vtu")


def test_a_parameter_far_outside_is_said_to_be_outside(surrogate, ring_folder):
    with pytest.warns(OutsideTrainingRangeWarning, match="angle_of_attack_deg is 60"):
        flow = surrogate.predict(ring_folder / "00.vtu", {"angle_of_attack_deg": 60.0})
    assert "p" in flow.point_data


def test_a_body_in_millimetres_is_taken_for_one(surrogate, ring_folder):
    mesh = pv.read(ring_folder / "00.vtu")
    mesh.points *= 1000
    with (
        pytest.warns(LengthUnitWarning, match="another unit of length"),
        pytest.warns(OutsideTrainingRangeWarning, match="its size"),
    ):
        surrogate.predict(mesh)


def test_a_loaded_surrogate_knows_its_range(surrogate, ring_folder, tmp_path):
    surrogate.save(tmp_path / "model")
    assert Surrogate.load(tmp_path / "model").range_ == surrogate.range_


def test_a_surrogate_of_an_earlier_version_still_predicts(surrogate, ring_folder, tmp_path):
    surrogate.save(tmp_path)
    document = json.loads((tmp_path / "config.json").read_text())
    del document["training_range"]
    (tmp_path / "config.json").write_text(json.dumps(document))
    loaded = Surrogate.load(tmp_path)
    assert "p" in loaded.predict(ring_folder / "05.vtu").point_data
