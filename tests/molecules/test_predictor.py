"""The estimator: scikit-learn's conventions, bad rows, saving."""

import json

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

from graphformers.errors import ConfigError, DataError, ModelFileError
from graphformers.explain.model_input import changed_input
from graphformers.molecules import OGB_VOCABULARY, PropertyPredictor, Split
from graphformers.molecules.architecture import config_for_molecules, molecule_presets
from graphformers.molecules.predictor import MODELS
from graphformers.systems import find_system
from graphformers.training import TrainingConfig

CHAINS = ["C" * length + end for length in range(1, 11) for end in ("", "O", "N")]
CARBONS = np.array([one.count("C") for one in CHAINS], dtype=float)
HAS_OXYGEN = np.array([float("O" in one) for one in CHAINS])
QUICK = TrainingConfig(epochs=4, batch_size=8, learning_rate=3e-3, warmup_epochs=1.0)


@pytest.fixture
def quick(tmp_path):
    return PropertyPredictor(
        validation_split="random", training=QUICK, cache_folder=tmp_path / "cache"
    )


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    predictor = PropertyPredictor(
        validation_split="random",
        training=TrainingConfig(epochs=25, batch_size=6, learning_rate=3e-3, warmup_epochs=2.0),
        cache_folder=tmp_path_factory.mktemp("cache"),
    )
    return predictor.fit(CHAINS, CARBONS)


def test_it_learns_to_count_carbons(fitted):
    assert fitted.score(CHAINS, CARBONS) > 0.8
    assert fitted.predict(CHAINS).shape == (30,)


@pytest.mark.parametrize("model", [name for name in MODELS if name != "gps"])
def test_every_model_trains_predicts_and_is_read_back_to_the_same_bits(model, tmp_path):
    training = TrainingConfig(epochs=2, batch_size=6, warmup_epochs=0.0)
    predictor = PropertyPredictor(model, validation_split="random", training=training)
    predictor.fit(CHAINS[:14], np.stack([CARBONS[:14], HAS_OXYGEN[:14]], axis=1))
    predicted = predictor.predict([*CHAINS[:3], "xx"])
    assert np.isfinite(predicted).all(axis=1).tolist() == [True, True, True, False]
    assert type(predictor.model_) is find_system(model).model
    predictor.save(tmp_path)
    loaded = PropertyPredictor.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict([*CHAINS[:3], "xx"]), predicted)
    (given,) = loaded.contributions(["CCO"])
    assert np.isfinite(given).all()
    assert given.any()


@pytest.mark.parametrize("model", MODELS)
def test_every_preset_reads_the_vocabulary_and_predicts_the_targets(model):
    for preset in molecule_presets(model):
        config = config_for_molecules(model, preset, OGB_VOCABULARY, 3)
        assert config.nodes.sizes == OGB_VOCABULARY.atom_sizes
        assert config.head.out == 3
    assert not {"cifar10", "cluster", "pcqm-contact", "brec"} & set(molecule_presets(model))


def test_settings_survive_get_params_and_clone(quick):
    copy = clone(quick)
    assert copy.get_params() == quick.get_params()
    assert not hasattr(copy, "model_")


def test_cross_validation_scores_every_fold(quick):
    scores = cross_val_score(quick, CHAINS, CARBONS, cv=2)
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()


def test_saved_predictor_predicts_the_same_bits(fitted, tmp_path):
    fitted.save(tmp_path)
    loaded = PropertyPredictor.load(tmp_path)
    assert np.array_equal(loaded.predict(CHAINS), fitted.predict(CHAINS))
    document = json.loads((tmp_path / "config.json").read_text())
    assert {"format_version", "vocabulary", "target_scaling", "estimator"} <= set(document)


def test_a_prediction_does_not_depend_on_its_neighbours(fitted):
    alone = np.concatenate([fitted.predict([one]) for one in CHAINS[:4]])
    np.testing.assert_allclose(fitted.predict(CHAINS)[:4], alone, rtol=1e-4)


def test_bad_smiles_are_left_out_of_training_and_predicted_as_nan(quick):
    smiles = ["not a molecule", *CHAINS, ""]
    quick.fit(smiles, [1.0, *CARBONS, 2.0])
    assert [bad.row for bad in quick.bad_rows_] == [0, 31]
    predicted = quick.predict(["CCO", "xx", None])
    assert np.isnan(predicted).tolist() == [False, True, True]
    assert [bad.row for bad in quick.bad_rows_] == [1, 2]


def test_several_targets_with_missing_values(quick):
    targets = np.stack([CARBONS, -CARBONS], axis=1)
    targets[::2, 1] = np.nan
    predicted = quick.fit(CHAINS, targets).predict(CHAINS)
    assert predicted.shape == (30, 2)
    assert np.isfinite(predicted).all()


def test_labels_make_a_classification(quick):
    quick.fit(CHAINS, HAS_OXYGEN)
    assert set(quick.predict(CHAINS)) <= {0.0, 1.0}
    probabilities = quick.predict_proba(CHAINS)
    assert probabilities.shape == (30, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


def test_scaling_is_fitted_on_the_training_part_alone(quick):
    targets = CARBONS.copy()
    targets[20:] = [1e6, -1e6, 3e6, 4e6, 5e6, 6e6, 7e6, 8e6, 9e6, 1e7]
    split = Split(train=np.arange(20), validation=np.arange(20, 25), test=np.arange(25, 30))
    quick.fit(CHAINS, targets, split=split)
    assert quick.scaling_.shift[0] == pytest.approx(CARBONS[:20].mean())


def test_contributions_add_up_to_the_prediction_less_that_of_bonds_alone(fitted):
    graph = fitted.graph("CCCCCO")
    with torch.no_grad(), changed_input(fitted.model_, torch.zeros_like):
        bonds = fitted.scaling_.restore(fitted.model_(graph).double().numpy())[0, 0]
    expected = fitted.predict(["CCCCCO"])[0] - bonds
    assert abs(expected) > 0.5
    (given,) = fitted.contributions(["CCCCCO"])
    assert given.sum() == pytest.approx(expected, rel=0.05)


def test_atoms_of_an_invalid_molecule_have_no_contributions(fitted):
    assert [len(one) for one in fitted.contributions(["CCO", "xx"])] == [3, 0]
    assert [len(one) for one in fitted.contributions(["xx"])] == [0]


def test_interrupted_training_resumes_to_the_same_predictor(quick, tmp_path):
    whole = clone(quick).fit(CHAINS, CARBONS, folder=tmp_path / "whole")
    clone(quick).set_params(training=QUICK).fit(CHAINS, CARBONS, folder=tmp_path / "cut")
    resumed = clone(quick).fit(CHAINS, CARBONS, folder=tmp_path / "cut", resume=True)
    assert np.array_equal(resumed.predict(CHAINS), whole.predict(CHAINS))


@pytest.mark.parametrize(
    ("smiles", "targets", "message"),
    [
        (["CC", "CCC"], [1.0, 1.0], "nothing to learn"),
        (["CC", "CCC"], [np.nan, np.nan], "missing in every row"),
        (["xx", "yy"], [1.5, 2.5], "no usable molecule"),
        (["CC"], [1.0, 2.0], "one row per SMILES"),
        (["CC", "CCC"], ["a", "b"], "must be numbers"),
    ],
)
def test_useless_input_is_refused(quick, smiles, targets, message):
    with pytest.raises(DataError, match=message):
        quick.fit(smiles, targets)


def test_one_molecule_is_refused_with_a_reason(quick):
    with pytest.raises(DataError):
        quick.fit(["CCO"], [1.0])


def test_unknown_settings_name_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'gps'"):
        PropertyPredictor("gsp").fit(CHAINS, CARBONS)
    with pytest.raises(ConfigError, match="did you mean 'small'"):
        PropertyPredictor(preset="smal").fit(CHAINS, CARBONS)


def test_predicting_before_fitting_is_refused(quick):
    with pytest.raises(NotFittedError):
        quick.predict(["CC"])


def test_a_bare_model_folder_is_refused(fitted, tmp_path):
    fitted.model_.save_pretrained(tmp_path)
    with pytest.raises(ModelFileError, match="estimator"):
        PropertyPredictor.load(tmp_path)
