import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphformers.errors import ShapeError
from graphformers.tasks.metrics import METRIC_NAMES, evaluate, score
from graphformers.tasks.targets import Task

TOLERANCE = 1e-12
NAN = float("nan")


def test_regression_metrics_of_known_errors() -> None:
    targets = np.array([[0.0], [2.0], [4.0]])
    predictions = np.array([[1.0], [2.0], [1.0]])
    metrics = evaluate(targets, predictions, Task.REGRESSION, ["y"]).targets["y"]
    assert metrics["rmse"] == pytest.approx((10 / 3) ** 0.5, abs=TOLERANCE)
    assert metrics["mae"] == pytest.approx(4 / 3, abs=TOLERANCE)
    assert metrics["r2"] == pytest.approx(1 - 10 / 8, abs=TOLERANCE)


def test_classification_metrics_of_a_known_order() -> None:
    targets = np.array([[0.0], [1.0], [0.0], [1.0]])
    predictions = np.array([[-3.0], [-1.0], [0.0], [2.0]])
    metrics = evaluate(targets, predictions, Task.CLASSIFICATION, ["y"]).targets["y"]
    assert metrics["roc_auc"] == pytest.approx(0.75, abs=TOLERANCE)
    assert metrics["average_precision"] == pytest.approx((1 + 2 / 3) / 2, abs=TOLERANCE)


@pytest.mark.parametrize("task", list(Task))
@given(seed=st.integers(0, 1000))
def test_rows_missing_on_either_side_change_nothing(task: Task, seed: int) -> None:
    random = np.random.default_rng(seed)
    targets = random.permutation([0.0, 1.0, 0.0, 1.0, 1.0])[:, None]
    predictions = random.normal(size=(5, 1))
    more_targets = np.vstack([targets, [[NAN], [1.0], [NAN]]])
    more_predictions = np.vstack([predictions, [[2.0], [NAN], [NAN]]])
    assert evaluate(more_targets, more_predictions, task, ["y"]) == evaluate(
        targets, predictions, task, ["y"]
    )


@pytest.mark.parametrize("targets", [[], [NAN], [1.0, 1.0]])
def test_a_classification_without_both_classes_is_undefined(targets: list[float]) -> None:
    column = np.array(targets).reshape(-1, 1)
    evaluation = evaluate(column, np.zeros_like(column), Task.CLASSIFICATION, ["y"])
    assert evaluation.mean == {"roc_auc": None, "average_precision": None}
    assert np.isnan(score(column, np.zeros_like(column), Task.CLASSIFICATION))


def test_r_squared_of_a_constant_target_is_undefined_but_the_error_is_not() -> None:
    column = np.ones((3, 1))
    mean = evaluate(column, column + 1, Task.REGRESSION, ["y"]).mean
    assert mean == {"rmse": 1.0, "mae": 1.0, "r2": None}


def test_no_row_at_all_leaves_a_regression_undefined() -> None:
    column = np.full((3, 1), NAN)
    mean = evaluate(column, column, Task.REGRESSION, ["y"]).mean
    assert mean == dict.fromkeys(METRIC_NAMES[Task.REGRESSION])


def test_the_mean_leaves_out_undefined_targets() -> None:
    targets = np.array([[0.0, 1.0], [1.0, 1.0]])
    evaluation = evaluate(targets, targets, Task.CLASSIFICATION, ["both", "one"])
    assert evaluation.targets["one"]["roc_auc"] is None
    assert evaluation.mean["roc_auc"] == 1.0
    assert score(targets, targets, Task.CLASSIFICATION) == 1.0


def test_an_evaluation_is_valid_json() -> None:
    targets = np.array([[0.0, NAN], [1.0, NAN]])
    document = evaluate(targets, targets, Task.REGRESSION, ["a", "b"]).to_json()
    assert json.loads(json.dumps(document, allow_nan=False))["targets"]["b"]["rmse"] is None


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"must be \(rows, 1\); got \(3, 1\) and \(2, 1\)"):
        evaluate(np.zeros((3, 1)), np.zeros((2, 1)), Task.REGRESSION, ["y"])
