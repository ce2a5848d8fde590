"""Means, spreads and paired differences over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student


def summarise(values: Sequence[float]) -> dict[str, float | int | None]:
    """Describe a sample.

    Args:
        values: At least one.

    Returns:
        ``mean``; ``spread``, the standard deviation with n - 1 below the
        root, None for one value; ``n``.
    """
    values = np.asarray(values, dtype=np.float64)
    spread = float(values.std(ddof=1)) if len(values) > 1 else None
    return dict(mean=float(values.mean()), spread=spread, n=len(values))


def paired_difference(
    values: Sequence[float], baseline: Sequence[float], level: float = 0.95
) -> dict | None:
    """Compare an arm with its baseline, seed by seed.

    The interval is Student's for the mean of the differences: mean +- t *
    s / sqrt(n), with n - 1 degrees of freedom. It holds for differences
    that are about normal; with two seeds t is 12.7.

    Args:
        values: Of the arm.
        baseline: Of the same seeds in the same order.
        level: Probability that the interval holds the mean.

    Returns:
        ``differences``, ``mean``, ``low``, ``high``, ``level``; None with
        fewer than two pairs.
    """
    differences = np.subtract(values, baseline, dtype=np.float64)
    n = len(differences)
    if n < 2:
        return None
    mean = float(differences.mean())
    error = float(differences.std(ddof=1)) / math.sqrt(n)
    half = float(student.ppf((1 + level) / 2, n - 1)) * error
    return dict(
        differences=differences.tolist(),
        mean=mean,
        low=mean - half,
        high=mean + half,
        level=level,
    )


def pairs_needed(
    differences: Sequence[float], half_width: float = 1.0, level: float = 0.95
) -> int:
    """Plan a study: seeds whose interval is at most +- `half_width` wide.

    The smallest n with t * s / sqrt(n) <= half_width, s being the standard
    deviation of the differences at hand: an estimate, and a rough one from
    few of them.

    Args:
        differences: Of at least two seeds.
        half_width: In units of the differences.
        level: Of the interval.

    Returns:
        At least 2.
    """
    spread = float(np.std(differences, ddof=1))
    quantile = (1 + level) / 2
    # Student's quantile is above the normal one, so n is not below this.
    n = max(2, math.floor((norm.ppf(quantile) * spread / half_width) ** 2))
    while student.ppf(quantile, n - 1) * spread > half_width * math.sqrt(n):
        n += 1
    return n
