"""Means and intervals against hand arithmetic and SciPy."""

import pytest
from scipy import stats

from mmremax.experiments import (
    paired_difference,
    summarise,
)
from mmremax.experiments.statistics import pairs_needed


def test_summary_by_hand() -> None:
    assert summarise([1.0, 2.0, 6.0]) == dict(
        mean=3.0, spread=pytest.approx(7**0.5), n=3
    )
    assert summarise([4.0]) == dict(mean=4.0, spread=None, n=1)


def test_interval_by_hand() -> None:
    """Differences 1, 2, 3: mean 2, s = 1, t(2) = 4.302653."""
    paired = paired_difference([2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    assert paired['differences'] == [1.0, 2.0, 3.0]
    assert paired['mean'] == 2.0
    half = 4.302653 / 3**0.5
    assert paired['low'] == pytest.approx(2 - half, abs=1e-6)
    assert paired['high'] == pytest.approx(2 + half, abs=1e-6)


def test_interval_by_scipy() -> None:
    values, baseline = [3.1, 5.2, 4.4, 7.9], [2.0, 5.5, 3.9, 6.1]
    paired = paired_difference(values, baseline, level=0.9)
    interval = stats.ttest_rel(values, baseline).confidence_interval(0.9)
    assert (paired['low'], paired['high']) == pytest.approx(interval)


def test_fewer_than_two_pairs() -> None:
    assert paired_difference([1.0], [2.0]) is None
    assert paired_difference([], []) is None


def test_seeds_of_a_planned_interval() -> None:
    """Deviation 1: t is 2.571 for n = 6 (1.05 wide), 2.447 for 7 (0.92)."""
    differences = [-1.0, 0.0, 1.0]
    assert pairs_needed(differences) == 7
    assert pairs_needed(differences, half_width=100.0) == 2
    assert pairs_needed([3.0, 3.0]) == 2
    wide = pairs_needed([-50.0, 0.0, 50.0])
    assert stats.t.ppf(0.975, wide - 1) * 50 <= wide**0.5
    assert stats.t.ppf(0.975, wide - 2) * 50 > (wide - 1) ** 0.5
