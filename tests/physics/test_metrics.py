import numpy as np
import pytest

from graphformers.errors import ShapeError
from graphformers.physics.metrics import (
    error_by_distance,
    field_errors,
    mean_errors,
    number_errors,
    relative_l2,
)


def test_relative_error_of_a_scaled_field_is_the_scale() -> None:
    truth = np.random.default_rng(0).normal(size=(50, 3))
    assert relative_l2(1.2 * truth, truth) == pytest.approx(0.2)


def test_relative_error_does_not_depend_on_the_unit() -> None:
    generator = np.random.default_rng(1)
    truth, prediction = generator.normal(size=(2, 20, 2))
    assert relative_l2(1e3 * prediction, 1e3 * truth) == pytest.approx(
        relative_l2(prediction, truth)
    )


def test_relative_error_of_a_zero_field() -> None:
    zero = np.zeros((4, 1))
    assert relative_l2(zero, zero) == 0.0
    assert relative_l2(zero + 1, zero) == float("inf")


def test_errors_of_a_field_are_in_its_unit() -> None:
    truth = np.zeros((4, 2))
    truth[:, 0] = 2.0
    prediction = truth.copy()
    prediction[1] += [3.0, 4.0]
    found = field_errors(prediction, truth, np.array([True, True, False, False]))
    assert found.largest == pytest.approx(5.0)
    assert found.rms == pytest.approx(2.5)
    assert found.wall_rms == pytest.approx(5 / np.sqrt(2))
    assert found.relative_l2 == pytest.approx(5 / 4)


def test_a_case_without_a_wall_has_no_error_on_it() -> None:
    field = np.ones((3, 1))
    assert np.isnan(field_errors(field, field, np.zeros(3, dtype=bool)).wall_rms)


def test_shapes_must_agree() -> None:
    with pytest.raises((ShapeError, TypeError)):  # a TypeError where shapes are checked at calls
        relative_l2(np.zeros((3, 1)), np.zeros((3, 2)))


def test_cases_count_alike_in_the_mean() -> None:
    on_wall = np.ones(2, dtype=bool)
    small = field_errors(np.full((2, 1), 1.1), np.ones((2, 1)), on_wall)
    large = field_errors(np.full((200, 1), 1.3), np.ones((200, 1)), np.ones(200, dtype=bool))
    assert mean_errors([{"p": small}, {"p": large}])["p/relative_l2"] == pytest.approx(0.2)


def test_error_by_distance_sorts_points_into_shells() -> None:
    found = error_by_distance(
        np.array([1.0, 3.0, 4.0, 9.0]), np.array([0.0, 0.5, 1.0, 7.0]), np.array([0.0, 1.0, 2, 3])
    )
    assert found.count.tolist() == [2, 1, 0]
    assert found.rms[:2] == pytest.approx([np.sqrt(5.0), 4.0])
    assert np.isnan(found.rms[2])


def test_number_errors() -> None:
    found = number_errors(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0]))
    assert found["bias"] == pytest.approx(1 / 3)
    assert found["largest"] == pytest.approx(1.0)
    assert found["rms"] == pytest.approx(np.sqrt(1 / 3))
    assert found["correlation"] == pytest.approx(np.corrcoef([1, 2, 4], [1, 2, 3])[0, 1])


def test_a_constant_prediction_has_no_correlation() -> None:
    assert np.isnan(number_errors(np.full(3, 0.1), np.arange(3.0))["correlation"])
