"""What features and targets of the training part mean for other parts."""

import numpy as np
import pytest
import torch

from graphformers.errors import ConfigError, DataError
from graphformers.graphs.features import FeatureCode
from graphformers.graphs.judging import class_metrics, constant_prediction
from graphformers.graphs.target_code import TargetCode
from graphformers.models.features import CategoricalFeatures, NoFeatures, NumericFeatures
from graphformers.tasks import Task

ALL = np.arange(6)


def test_categories_are_those_of_the_training_part():
    code = FeatureCode.fit(torch.tensor([[5, 0], [9, 0], [5, 1]]))
    assert code.config() == CategoricalFeatures(sizes=(2, 2))
    places, odd = code.apply(torch.tensor([[9, 1], [7, 0], [100, 0]]), "nodes")
    assert places.tolist() == [[1, 1], [0, 0], [0, 0]]
    assert odd.tolist() == [False, True, True]


def test_numbers_are_brought_to_the_scale_of_the_training_part():
    code = FeatureCode.fit(torch.tensor([[0.0, 3.0], [2.0, 3.0]]))
    assert code.config() == NumericFeatures(count=2)
    values, odd = code.apply(torch.tensor([[4.0, 3.0]]), "nodes")
    assert values.tolist() == [[3.0, 0.0]]
    assert not odd.any()


def test_edges_without_features_have_none():
    code = FeatureCode.fit(None)
    assert code.config() == NoFeatures()
    assert code.apply(torch.ones(4, 2), "edges")[0] is None


@pytest.mark.parametrize("other", [torch.ones(3, 1), torch.ones(3, 2), torch.zeros(3, 3).long()])
def test_features_of_another_kind_are_refused(other):
    code = FeatureCode.fit(torch.zeros(3, 2, dtype=torch.int64))
    with pytest.raises(DataError, match=r"2 columns of categories of nodes; got \d columns"):
        code.apply(other, "nodes")


@pytest.mark.parametrize(
    "features", [None, torch.ones(2, 1), torch.tensor([[3, 4]]), torch.zeros(0, 2).long()]
)
def test_a_code_of_features_survives_json(features):
    code = FeatureCode.fit(features)
    assert FeatureCode.from_json(code.to_json()) == code


def test_text_is_classes_in_the_order_of_the_alphabet():
    code = TargetCode.fit(np.array(["b", "a", "", "b", "a", "a"]), ["kind"], "auto", ALL)
    assert code.classes == ("a", "b")
    np.testing.assert_array_equal(code.encode(np.array(["b", ""])), [[1.0], [np.nan]])
    assert TargetCode.from_json(code.to_json()) == code


def test_whole_numbers_without_a_gap_are_classes_and_others_values():
    labels = np.array(["0", "1", "2", "10", "1", "0"])
    assert TargetCode.fit(labels, ["y"], "auto", ALL).task is Task.REGRESSION
    assert TargetCode.fit(labels, ["y"], "classification", ALL).classes == ("0", "1", "2", "10")
    assert TargetCode.fit(labels[[0, 1, 2, 0]], ["y"], "auto", ALL[:4]).classes == ("0", "1", "2")


def test_a_class_that_training_does_not_have_is_named():
    labels = np.array(["0", "1", "2", "0", "1", "2"])
    code = TargetCode.fit(labels, ["y"], "auto", np.array([0, 1, 3, 4]))
    assert code.out == 2
    with pytest.raises(DataError, match=r"1 classes of 'y' are not among the 2 .*: 2 "):
        code.encode(labels)


def test_a_label_beside_0_and_1_is_an_unknown_class():
    code = TargetCode.fit(np.array([[0.0], [1.0], [np.nan]]), ["y"], "auto", ALL[:3])
    assert code.classes == ("0", "1")
    with pytest.raises(DataError, match=r"1 classes of 'y' are not among the 2 .*: 2 "):
        code.encode(np.array([[1.0], [2.0]]))


def test_several_labels_have_a_column_each():
    code = TargetCode.fit(np.array([[0.0, 1.0], [1.0, 0.0]]), ["a", "b"], "auto", ALL[:2])
    assert (code.task, code.out, code.classes) == (Task.CLASSIFICATION, 2, ())
    np.testing.assert_allclose(code.columns(np.zeros((1, 2))), 0.5)


def test_values_come_back_in_their_units():
    targets = np.array([[10.0], [30.0], [np.nan], [20.0], [20.0], [50.0]])
    code = TargetCode.fit(targets, ["y"], "auto", ALL[:5])
    assert code.scaling.shift == (20.0,)
    np.testing.assert_allclose(code.columns(code.encode(targets)), targets)


@pytest.mark.parametrize(
    ("targets", "task", "error", "message"),
    [
        (np.array(["a"] * 6), "auto", DataError, "needs two classes"),
        (np.ones((6, 1)), "auto", DataError, "needs two classes"),
        (np.full((6, 1), 3.5), "auto", DataError, "nothing to learn"),
        (np.array(["a", "b"] * 3), "regression", DataError, "needs numbers"),
        (np.arange(6.0)[:, None], "ranking", ConfigError, "regression, classification or auto"),
    ],
)
def test_targets_that_cannot_be_learned_say_why(targets, task, error, message):
    with pytest.raises(error, match=message):
        TargetCode.fit(targets, ["y"], task, ALL)


def test_class_metrics_leave_out_what_is_missing():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [np.nan, np.nan]])
    found = class_metrics(np.array([0.0, 1.0, np.nan, 1.0]), probabilities)
    assert found["accuracy"] == found["f1_macro"] == 1.0
    assert found["cross_entropy"] == pytest.approx(-np.log([0.9, 0.8]).mean())
    assert class_metrics(np.array([np.nan]), probabilities[:1])["accuracy"] is None


def test_what_needs_no_model_is_the_share_of_every_class():
    code = TargetCode.fit(np.array(["a", "b", "b", "b"]), ["y"], "auto", ALL[:4])
    found = constant_prediction(np.array([[0.0], [1.0], [1.0], [np.nan]]), code)
    np.testing.assert_allclose(found, [1 / 3, 2 / 3])
