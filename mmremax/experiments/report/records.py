"""Reads curves, records and histograms out of runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .data import (
    Arm,
    ReportError,
    Result,
    to_float,
)

Series = tuple[np.ndarray, np.ndarray]  # iterations, values


def curve_of(run: dict, metric: str) -> Series:
    """Scores over the iterations of one run; gaps and NaN left out."""
    points = run.get('curve') or []
    return to_series(
        [point.get('iter') for point in points],
        [point.get(metric) for point in points],
    )


def record_of(run: dict, kind: str, name: str) -> Series:
    """One named record over the iterations of one run.

    Args:
        run: The run.
        kind: `losses`, `diagnostics` or `grad_norm`.
        name: Of the record.
    """
    records = run.get(kind) or {}
    return to_series(records.get('iter') or [], records.get(name) or [])


def histogram_of(arm: Arm, name: str) -> Series | None:
    """Add up one histogram over an arm's finished runs.

    Args:
        arm: The arm.
        name: As in `log10_fp_fn`.

    Returns:
        Edges (n + 1,) and counts (n,); None without data.

    Raises:
        ReportError: Runs of the arm have different edges.
    """
    found = [(run.get('histograms') or {}).get(name) for run in arm.finished]
    found = [record for record in found if record and any(record['counts'])]
    if not found:
        return None
    edges = np.asarray(found[0]['edges'], dtype=float)
    if any(not np.array_equal(edges, record['edges']) for record in found):
        raise ReportError(
            f'Runs of arm {arm.name!r} have different edges in histogram '
            f'{name!r}: they cannot be added.'
        )
    return edges, np.sum([record['counts'] for record in found], axis=0)


def histogram_names(result: Result) -> list[str]:
    """Names of all histograms, in order of appearance."""
    names = {}
    for arm in result.arms:
        for run in arm.finished:
            names |= dict.fromkeys(run.get('histograms') or {})
    return list(names)


def loss_names(result: Result) -> list[str]:
    """Names of the loss terms: the total first, layers' terms left out."""
    names = [n for n in record_names(result, 'losses') if '.' not in n]
    return sorted(names, key=lambda name: (name != 'loss', name))


def diagnostic_names(result: Result) -> list[str]:
    """Names of what was logged beside the losses, layers' included."""
    return record_names(result, 'diagnostics')


def record_names(result: Result, kind: str) -> list[str]:
    """Names of the records of one kind in any run, sorted."""
    names = {
        name
        for arm in result.arms
        for run in arm.runs
        for name in run.get(kind) or {}
    }
    return sorted(names - {'iter'})


def mean_series(series: Sequence[Series]) -> Series:
    """Average series at the iterations that all of them have."""
    series = [(x, y) for x, y in series if len(x)]
    if not series:
        return np.empty(0), np.empty(0)
    common = series[0][0]
    for steps, _ in series[1:]:
        common = np.intersect1d(common, steps)
    rows = [y[np.searchsorted(x, common)] for x, y in series]
    return common, np.mean(rows, axis=0)


def smooth(values: np.ndarray, window: int) -> np.ndarray:
    """Average over a moving window, shorter at both ends."""
    if window < 2 or not len(values):
        return values
    ones = np.ones(window)
    weight = np.convolve(np.ones(len(values)), ones, mode='same')
    smoothed = np.convolve(values, ones, mode='same') / weight
    return smoothed[: len(values)]


def to_series(steps: Sequence, values: Sequence) -> Series:
    """Pair iterations with finite values, in order of iteration."""
    pairs = {
        float(step): to_float(value)
        for step, value in zip(steps, values, strict=False)
        if step is not None and math.isfinite(to_float(value))
    }
    order = sorted(pairs)
    return np.array(order), np.array([pairs[step] for step in order])
