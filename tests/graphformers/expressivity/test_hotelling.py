"""The statistic of the paired comparison."""

import numpy as np
import pytest
import torch
from scipy import stats

from graphformers.errors import ConfigError
from graphformers.expressivity import t_squared, t_squared_threshold

RELATIVE = 1e-9


def samples(copies=32, dim=5, shift=0.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randn(2, copies, dim, generator=generator, dtype=torch.float64)
    return first + shift, second


@pytest.mark.parametrize("shift", [0.0, 0.4, 10.0])
def test_the_statistic_is_the_literal_formula(shift):
    first, second = samples(shift=shift)
    differences = (first - second).numpy()
    mean = differences.mean(axis=0)
    literal = mean @ np.linalg.inv(np.cov(differences, rowvar=False)) @ mean
    assert t_squared(first, second) == pytest.approx(literal, rel=RELATIVE)
    assert t_squared(first, second, times_copies=True) == pytest.approx(32 * literal, rel=RELATIVE)


def test_in_one_dimension_it_is_the_square_of_students_t():
    first, second = samples(dim=1, shift=0.3)
    expected = stats.ttest_rel(first.numpy(), second.numpy()).statistic.item() ** 2
    assert t_squared(first, second, times_copies=True) == pytest.approx(expected, rel=RELATIVE)


def test_the_threshold_is_the_one_published_with_brec():
    assert t_squared_threshold(32, 16) == pytest.approx(72.34, abs=0.005)


def test_equal_means_stay_below_the_threshold_as_often_as_the_level_says():
    threshold = t_squared_threshold(32, 5, 0.9)
    above = [t_squared(*samples(seed=seed), times_copies=True) > threshold for seed in range(2000)]
    low, high = stats.binom.ppf([1e-6, 1 - 1e-6], 2000, 0.1)
    assert low <= sum(above) <= high


def test_a_floor_hides_what_is_smaller_than_it():
    common = torch.ones(32, 5, dtype=torch.float64)
    _, noise = samples()
    first, second = common, common + 1e-15 * (1.0 + 0.01 * noise)
    assert t_squared(first, second) > 100.0
    assert t_squared(first, second, floor=1e-9) < 1e-6


def test_a_floor_keeps_what_is_larger_than_it():
    common = torch.ones(32, 5, dtype=torch.float64)
    assert t_squared(common, common + 1e-6, floor=1e-9) > 1e5


def test_a_difference_without_scatter_is_seen_with_a_floor_only():
    common = torch.ones(32, 5, dtype=torch.float64)
    assert t_squared(common, common + 0.5) == 0.0
    assert t_squared(common, common + 0.5, floor=1e-9) > 1e15


@pytest.mark.parametrize("floor", [0.0, 1e-9])
def test_equal_samples_differ_by_nothing(floor):
    zeros = torch.zeros(32, 16, dtype=torch.float64)
    assert t_squared(zeros, zeros, floor=floor) == 0.0
    assert t_squared(zeros + 3.0, zeros + 3.0, floor=floor) == 0.0


@pytest.mark.parametrize(("copies", "dim", "level"), [(16, 16, 0.95), (32, 16, 1.0)])
def test_settings_without_a_threshold_are_refused(copies, dim, level):
    with pytest.raises(ConfigError, match="got"):
        t_squared_threshold(copies, dim, level)
