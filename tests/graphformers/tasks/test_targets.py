import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from graphformers.errors import ConfigError, DataError
from graphformers.tasks.targets import TargetScaling, Task, find_task

ROUND_TRIP = 1e-9  # of the largest target
NAN = float("nan")
finite = st.floats(-1e6, 1e6)


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)[:, None]


def test_measurements_are_a_regression() -> None:
    assert find_task(column(0.0, 1.0, 2.5)) is Task.REGRESSION


def test_zeros_and_ones_are_a_classification() -> None:
    assert find_task(column(0, 1, NAN, 1)) is Task.CLASSIFICATION


def test_one_measured_target_among_labels_makes_a_regression() -> None:
    assert find_task(np.array([[0, 0.5], [1, 1.5]])) is Task.REGRESSION


def test_a_task_asked_for_wins() -> None:
    assert find_task(column(0, 1), "regression") is Task.REGRESSION
    assert find_task(column(-1, 1), Task.REGRESSION) is Task.REGRESSION
    assert find_task(column(0, 1), Task.CLASSIFICATION) is Task.CLASSIFICATION


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(ConfigError, match="'ranking'"):
        find_task(column(0, 1), "ranking")


@pytest.mark.parametrize("labels", [(-1, 1), (1, 2)])
def test_other_labels_are_refused_rather_than_fitted_as_numbers(labels: tuple) -> None:
    with pytest.raises(DataError, match="write them as 0 and 1"):
        find_task(column(*labels))


def test_a_classification_of_numbers_is_refused() -> None:
    with pytest.raises(DataError, match="labels 0 and 1"):
        find_task(column(0.3, 1.0, 2.0), "classification")


@pytest.mark.parametrize("task", ["auto", "regression", "classification"])
@pytest.mark.parametrize("values", [(1.0, 1.0, NAN), (0.25, 0.25), (3.0,)])
def test_a_constant_target_is_refused_by_name(task: str, values: tuple) -> None:
    with pytest.raises(DataError, match=r"target 'solubility' is .* in every row"):
        find_task(column(*values), task, names=["solubility"])


def test_a_target_without_any_value_is_refused_by_name() -> None:
    targets = np.array([[1.0, NAN], [2.0, NAN]])
    with pytest.raises(DataError, match="'second' is missing in every row"):
        find_task(targets, names=["first", "second"])


def test_scaled_targets_have_mean_zero_and_deviation_one() -> None:
    targets = np.array([[1.0, 10.0], [3.0, NAN], [5.0, 30.0]])
    scaled = TargetScaling.fit(targets).apply(targets)
    assert np.allclose(np.nanmean(scaled, axis=0), 0)
    assert np.allclose(np.nanstd(scaled, axis=0), 1)
    assert np.isnan(scaled[1, 1])


@given(
    arrays(
        np.float64, st.tuples(st.integers(1, 8), st.integers(1, 3)), elements=finite | st.just(NAN)
    )
)
def test_restoring_undoes_the_scaling(targets: np.ndarray) -> None:
    scaling = TargetScaling.fit(targets)
    restored = scaling.restore(scaling.apply(targets))
    tolerance = ROUND_TRIP * max(1.0, float(np.nanmax(np.abs(np.append(targets, 0)))))
    assert np.allclose(restored, targets, rtol=0, atol=tolerance, equal_nan=True)


@given(value=finite, count=st.integers(1, 20))
def test_a_constant_training_part_is_only_shifted(value: float, count: int) -> None:
    scaling = TargetScaling.fit(np.full((count, 1), value))
    assert scaling.scale == (1.0,)
    assert scaling.shift == pytest.approx((value,))


@given(arrays(np.float64, (5, 2), elements=finite))
def test_the_scaling_survives_json_to_the_bit(targets: np.ndarray) -> None:
    scaling = TargetScaling.fit(targets)
    assert TargetScaling.from_json(json.loads(json.dumps(scaling.to_json()))) == scaling


def test_the_identity_changes_nothing() -> None:
    targets = np.array([[0.0, 1.0], [NAN, 0.0]])
    identity = TargetScaling.identity(2)
    assert np.array_equal(identity.apply(targets), targets, equal_nan=True)
    assert np.array_equal(identity.restore(targets), targets, equal_nan=True)


@pytest.mark.parametrize(
    "document", [{}, {"shift": 1, "scale": [1]}, {"shift": ["a"], "scale": []}]
)
def test_a_document_that_is_no_scaling_is_refused(document: dict) -> None:
    with pytest.raises(DataError, match="holds shift and scale"):
        TargetScaling.from_json(document)


@pytest.mark.parametrize("scale", [(0.0,), (-1.0,), (NAN,), ()])
def test_a_scale_that_is_not_positive_is_refused(scale: tuple) -> None:
    with pytest.raises(ConfigError, match="positive scale"):
        TargetScaling(shift=(0.0,), scale=scale)
