import numpy as np
import pytest

from graphformers.errors import ShapeError
from graphformers.physics.metrics import (
    distance_shells,
    error_by_distance,
    field_errors,
    mean_errors,
    metric_unit,
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
    assert found.mean == pytest.approx(1.25)
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


def test_shells_hold_every_point_and_grow() -> None:
    distance = np.concatenate([[0.0], np.geomspace(1e-5, 3.0, 40)])
    edges = distance_shells(distance, extent=2.0, count=8)
    found = error_by_distance(np.ones_like(distance), distance, edges)
    assert found.count.sum() == len(distance)
    assert edges[:2] == pytest.approx([0.0, 2e-3])
    assert (np.diff(np.diff(edges)) > 0).all()


def test_shells_of_points_on_the_wall_alone_are_shells() -> None:
    edges = distance_shells(np.zeros(5), extent=1.0)
    assert error_by_distance(np.ones(5), np.zeros(5), edges).count[0] == 5


def test_an_increasing_function_of_the_truth_keeps_the_ranks() -> None:
    truth = np.array([0.1, 2.0, 0.7, 1.4])
    found = number_errors(np.exp(3 * truth), truth)
    assert found["spearman"] == pytest.approx(1.0)
    assert found["correlation"] < 1.0
    assert found["r2"] < 0


def test_explained_variance_falls_with_a_bias() -> None:
    truth = np.arange(5.0)
    shifted = number_errors(truth + 1, truth)
    assert shifted["correlation"] == pytest.approx(1.0)
    assert shifted["r2"] == pytest.approx(1 - 5 / 10)
    assert number_errors(np.full(5, truth.mean()), truth)["r2"] == pytest.approx(0.0)


def test_a_constant_prediction_has_no_correlation() -> None:
    found = number_errors(np.full(3, 0.1), np.arange(3.0))
    assert np.isnan(found["correlation"])
    assert np.isnan(found["spearman"])


@pytest.mark.filterwarnings("error")
def test_a_constant_truth_leaves_nothing_to_explain() -> None:
    assert np.isnan(number_errors(np.arange(3.0), np.full(3, 0.1))["r2"])


@pytest.mark.parametrize(
    ("metric", "unit"), [("p/rms", "m2/s2"), ("p/relative_l2", ""), ("lift/rms", "")]
)
def test_metrics_carry_the_unit_of_their_field(metric, unit) -> None:
    assert metric_unit(metric, {"p": "m2/s2"}) == unit
