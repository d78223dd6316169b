"""The surrogate on small rings: learning, keeping, predicting, refusing."""

import dataclasses
import json

import numpy as np
import pytest
import pyvista as pv
import torch
from lightning.pytorch.callbacks import Callback
from sklearn.exceptions import NotFittedError

from graphformers.errors import ConfigError, DataError, ModelFileError
from graphformers.physics import Surrogate, SurrogateConfig, read_cases
from graphformers.physics.models import PhysGTOConfig
from graphformers.physics.read_options import ReadOptions
from graphformers.training import TrainingConfig

FIELDS = ("p", "U")
SINGLE_PRECISION = 1e-5
BETTER_THAN_THE_MEAN = 0.5  # of the spread of the fields


def tiny_config(epochs=2, **changes):
    architecture = PhysGTOConfig(
        dim=16, heads=2, tokens=4, blocks=2, octaves=2, hidden=16, dropout=0.0
    )
    training = TrainingConfig(epochs=epochs, batch_size=2, learning_rate=5e-3, warmup_epochs=0)
    return SurrogateConfig(architecture=architecture, training=training, **changes)


class PowerCut(Exception):
    pass


class StopAfter(Callback):
    """Break off after some epochs."""

    def __init__(self, epochs):
        self.epochs = epochs

    def on_train_epoch_start(self, trainer, pl_module):
        if trainer.current_epoch == self.epochs:
            raise PowerCut


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("meshes")


@pytest.fixture(autouse=True)
def _own_cache(cache, monkeypatch):
    monkeypatch.setenv("GRAPHFORMERS_CACHE", str(cache))


@pytest.fixture
def fitted(ring_folder):
    return Surrogate(config=tiny_config()).fit(ring_folder, FIELDS)


def test_a_prediction_carries_fields_truth_and_error(fitted, ring_folder):
    mesh = pv.read(ring_folder / "05.vtu")
    predicted = fitted.predict(mesh)
    assert predicted.point_data["p"].shape == (mesh.n_points,)
    assert predicted.point_data["U"].shape == (mesh.n_points, 3)
    np.testing.assert_array_equal(predicted.point_data["U"][:, 2], 0)
    np.testing.assert_allclose(
        predicted.point_data["p_truth"], mesh.point_data["p"], rtol=SINGLE_PRECISION
    )
    np.testing.assert_allclose(
        predicted.point_data["p_error"],
        predicted.point_data["p"] - mesh.point_data["p"],
        atol=SINGLE_PRECISION,
    )
    difference = predicted.point_data["U"] - mesh.point_data["U"]
    np.testing.assert_allclose(
        predicted.point_data["U_error"], np.linalg.norm(difference, axis=1), atol=SINGLE_PRECISION
    )


def test_predicting_leaves_the_mesh_as_it_was(fitted, ring_folder):
    mesh = pv.read(ring_folder / "05.vtu")
    pressure = mesh.point_data["p"].copy()
    fitted.predict(mesh)
    assert set(mesh.point_data.keys()) == {"p", "U", "wall"}
    np.testing.assert_array_equal(mesh.point_data["p"], pressure)


def test_a_mesh_without_fields_is_predicted_alike(fitted, ring_folder):
    mesh = pv.read(ring_folder / "05.vtu")
    bare = mesh.copy()
    for name in FIELDS:
        del bare.point_data[name]
    predicted = fitted.predict(bare)
    assert "p_truth" not in predicted.point_data
    np.testing.assert_array_equal(predicted.point_data["p"], fitted.predict(mesh).point_data["p"])


def test_files_and_meshes_in_memory_are_predicted_alike(fitted, ring_folder):
    path = ring_folder / "05.vtu"
    from_file = fitted.predict(path, {"angle_of_attack_deg": 3.0, "reynolds": 1e6})
    in_memory = fitted.predict(pv.read(path))
    np.testing.assert_array_equal(from_file.point_data["U"], in_memory.point_data["U"])


def test_parameters_given_by_hand_change_the_prediction(fitted, ring_folder):
    mesh = pv.read(ring_folder / "05.vtu")
    turned = fitted.predict(mesh, {"angle_of_attack_deg": 9.0})
    assert not np.array_equal(turned.point_data["p"], fitted.predict(mesh).point_data["p"])


def test_a_saved_surrogate_predicts_the_same_bits(fitted, ring_folder, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = Surrogate.load(tmp_path / "model")
    mesh = pv.read(ring_folder / "05.vtu")
    assert loaded.fields_ == FIELDS
    for name in FIELDS:
        np.testing.assert_array_equal(
            loaded.predict(mesh).point_data[name], fitted.predict(mesh).point_data[name]
        )


def test_test_cases_are_kept_out_of_training(fitted):
    assert fitted.train_cases_ == ["00", "01", "02", "03"]
    assert fitted.validation_cases_ == ["04"]


def test_cases_and_data_sets_in_memory_can_be_learned_from(ring_folder):
    cases = read_cases(ring_folder, ReadOptions(fields=FIELDS))
    unsplit = [dataclasses.replace(case, split=None) for case in cases]
    from_cases = Surrogate(config=tiny_config()).fit(unsplit, FIELDS)
    assert sorted(from_cases.train_cases_ + from_cases.validation_cases_) == [
        case.name for case in cases
    ]
    from_meshes = Surrogate(config=tiny_config()).fit([one.dataset for one in cases], FIELDS)
    assert len(from_meshes.train_cases_) == 5


def test_it_learns_what_the_cases_have_in_common(ring_folder):
    config = tiny_config(epochs=50, point_share=1.0)
    surrogate = Surrogate(config=config).fit(ring_folder, ["U"])
    assert surrogate.history_.best_value < BETTER_THAN_THE_MEAN


def test_the_same_seed_gives_the_same_surrogate(ring_folder):
    first, second = (Surrogate(config=tiny_config()).fit(ring_folder, FIELDS) for _ in range(2))
    for name, value in first.model_.state_dict().items():
        assert torch.equal(value, second.model_.state_dict()[name]), name


def test_a_resumed_training_ends_where_an_uninterrupted_one_does(ring_folder, tmp_path):
    whole = Surrogate(config=tiny_config(epochs=4)).fit(ring_folder, FIELDS)
    config = tiny_config(epochs=4)
    stopper = StopAfter(epochs=2)
    with pytest.raises(PowerCut):
        Surrogate(config=config).fit(ring_folder, FIELDS, folder=tmp_path, callbacks=[stopper])
    resumed = Surrogate(config=config).fit(ring_folder, FIELDS, folder=tmp_path, resume=True)
    for name, value in whole.model_.state_dict().items():
        assert torch.equal(value, resumed.model_.state_dict()[name]), name


def test_unknown_parameters_rule_mirror_images_out(ring_folder):
    cases = read_cases(ring_folder, ReadOptions(fields=FIELDS, parameters=("lift_coefficient",)))
    with pytest.raises(ConfigError, match="mirror images need"):
        Surrogate(config=tiny_config(mirror=True)).fit(
            cases, FIELDS, parameters=("lift_coefficient",)
        )
    Surrogate(config=tiny_config()).fit(cases, FIELDS, parameters=("lift_coefficient",))


def test_a_three_dimensional_mesh_is_refused_by_a_plane_surrogate(fitted):
    with pytest.raises(DataError, match="trained on 2-D meshes"):
        fitted.predict(pv.Sphere(), {"angle_of_attack_deg": 0.0, "reynolds": 1e6})


def test_surfaces_in_space_can_be_learned(tmp_path):
    spheres = []
    for k in range(4):
        mesh = pv.Sphere(radius=1 + 0.1 * k, theta_resolution=8, phi_resolution=8)
        mesh.point_data["p"] = mesh.points[:, 2] * (1 + k)
        spheres.append(mesh)
    surrogate = Surrogate(config=tiny_config()).fit(spheres, ["p"])
    assert surrogate.predict(spheres[0]).point_data["p"].shape == (spheres[0].n_points,)


def test_a_missing_parameter_is_named(fitted, ring_folder):
    mesh = pv.read(ring_folder / "05.vtu")
    mesh.field_data.remove("reynolds")
    with pytest.raises(DataError, match="does not say its 'reynolds'"):
        fitted.predict(mesh)


def test_a_missing_field_is_named(ring_folder):
    with pytest.raises(DataError, match="expected a field 'pressure'"):
        Surrogate(config=tiny_config()).fit(ring_folder, ["pressure"])


def test_one_case_is_not_enough(ring_folder):
    with pytest.raises(DataError, match="at least two cases"):
        Surrogate(config=tiny_config()).fit([ring_folder / "00.vtu"], FIELDS)


def test_an_unfitted_surrogate_says_so():
    with pytest.raises(NotFittedError):
        Surrogate().predict(pv.Sphere())


def test_an_unknown_model_is_refused_with_the_nearest_name():
    with pytest.raises(ConfigError, match="did you mean 'physgto'"):
        Surrogate("physgt")


def test_the_architecture_of_another_model_is_refused():
    with pytest.raises(ConfigError, match="PhysGTOConfig"):
        Surrogate("physgto", SurrogateConfig(architecture=TrainingConfig()))


def test_a_bare_model_folder_is_not_a_surrogate(fitted, tmp_path):
    fitted.model_.save_pretrained(tmp_path)
    with pytest.raises(ModelFileError, match="bare PhysGTO"):
        Surrogate.load(tmp_path)


def test_a_newer_format_is_refused(fitted, tmp_path):
    fitted.save(tmp_path)
    document = json.loads((tmp_path / "config.json").read_text())
    document["format_version"] += 1
    (tmp_path / "config.json").write_text(json.dumps(document))
    with pytest.raises(ModelFileError, match="format version"):
        Surrogate.load(tmp_path)


def test_a_folder_of_another_estimator_is_refused(fitted, tmp_path):
    fitted.save(tmp_path)
    document = json.loads((tmp_path / "config.json").read_text())
    document["estimator"]["kind"] = "PropertyPredictor"
    (tmp_path / "config.json").write_text(json.dumps(document))
    with pytest.raises(ModelFileError, match=r"holds a PropertyPredictor.*graphformers molecules"):
        Surrogate.load(tmp_path)


def test_a_parameter_that_it_does_not_have_is_named(fitted, ring_folder):
    with pytest.raises(ConfigError, match=r"no parameter 'angle'.*known: angle_of_attack_deg"):
        fitted.predict(ring_folder / "05.vtu", {"angle": 3.0})
