"""Results of studies as tables for documents."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import mean

from mmremax.experiments.statistics import (
    paired_difference,
    summarise,
)

from .data import (
    Arm,
    ReportError,
    Result,
)


def score_table(
    result: Result,
    scores: list[str],
    arms: list[str] | None = None,
    baseline: str | None = None,
) -> str:
    """Final scores: mean and spread, by seed, difference to the baseline.

    Args:
        result: Of a study.
        scores: The first with its mean and difference, all of them by seed.
        arms: Names, in the order of the rows; None is all with a finished
            run.
        baseline: Arm of the differences; None is the study's.

    Returns:
        Lines of Markdown. A difference of one seed has no interval.

    Raises:
        ReportError: An arm is not there or has no finished run.
    """
    first = scores[0]
    baseline = baseline or result.study['baseline']
    others = _finals(_chosen(result, [baseline])[0])
    rows = []
    for arm in _chosen(result, arms):
        own = _finals(arm)
        summary = summarise([f[first] for f in own.values()])
        text = f'{summary["mean"]:.1f}'
        if summary['spread'] is not None:
            text += f' ± {summary["spread"]:.1f}'
        by_seed = [
            ' / '.join(f'{final[score]:.1f}' for final in own.values())
            for score in scores
        ]
        difference = ''
        if arm.name != baseline:
            difference = _difference(own, others, first)
        rows.append([arm.title, text, *by_seed, difference])
    names = [f'{score} by seed' for score in scores]
    return _markdown(['arm', first, *names, 'difference'], rows)


def curve_table(
    result: Result, score: str, arms: list[str] | None = None
) -> str:
    """A score after each validation, as the mean over the seeds.

    Args:
        result: Of a study.
        score: Name, as 'PQ'.
        arms: See score_table.

    Returns:
        Lines of Markdown.
    """
    chosen = _chosen(result, arms)
    points = {
        arm.name: [
            {p['iter']: p[score] for p in run['curve']} for run in arm.finished
        ]
        for arm in chosen
    }
    curves = [curve for runs in points.values() for curve in runs]
    steps = sorted(set.intersection(*map(set, curves)))
    rows = [
        [
            arm.title,
            *[
                f'{mean(curve[step] for curve in points[arm.name]):.1f}'
                for step in steps
            ],
        ]
        for arm in chosen
    ]
    return _markdown(
        [f'{score} after', *[f'{step} steps' for step in steps]], rows
    )


def diagnostic_table(
    result: Result,
    names: list[str],
    windows: list[tuple[int, int]],
    arms: list[str] | None = None,
    log10: bool = False,
    over_stages: bool = False,
) -> str:
    """Means of what the relaxed stages logged, over steps and seeds.

    Args:
        result: Of a study.
        names: Diagnostics without their stage, as 'm_hat_matched'.
        windows: First and last step of each mean, both included.
        arms: See score_table.
        log10: Take the logarithm of each logged value first.
        over_stages: One mean of all stages in place of one for each.

    Returns:
        Lines of Markdown; a column for each name and window.

    Raises:
        ReportError: No arm logged the name in the window.
    """
    columns = [(name, window) for name in names for window in windows]
    rows = []
    for arm in _chosen(result, arms):
        cells = []
        for name, window in columns:
            stages = _stage_means(arm.finished, name, window, log10)
            if over_stages and stages:
                stages = [mean(stages)]
            cells.append(' / '.join(f'{value:.2f}' for value in stages))
        rows.append([arm.title, *cells])
    for i, (name, (low, high)) in enumerate(columns, 1):
        if not any(row[i] for row in rows):
            raise ReportError(
                f'{result.path}: no arm logged {name} in steps {low}-{high}.'
            )
    titles = [f'{name}, steps {low}-{high}' for name, (low, high) in columns]
    return _markdown(['arm', *titles], rows)


def _stage_means(
    runs: list[dict], name: str, window: tuple[int, int], log10: bool
) -> list[float]:
    """One mean for each stage d0, d1, ... that logged the name."""
    means = []
    stage = 0
    while any(f'd{stage}.{name}' in run['diagnostics'] for run in runs):
        values = [
            math.log10(value) if log10 else value
            for run in runs
            for step, value in zip(
                run['diagnostics']['iter'],
                run['diagnostics'].get(f'd{stage}.{name}', []),
                strict=False,
            )
            if value is not None and window[0] <= step <= window[1]
        ]
        if values:
            means.append(mean(values))
        stage += 1
    return means


def _chosen(result: Result, names: list[str] | None) -> list[Arm]:
    if names is None:
        return [arm for arm in result.arms if arm.finished]
    arms = result.select(names).arms
    for arm in arms:
        if not arm.finished:
            raise ReportError(
                f'{result.path}: {arm.name} has no finished run.'
            )
    return arms


def _finals(arm: Arm) -> dict[int, dict]:
    return {run['seed']: run['final'] for run in arm.finished}


def _difference(own: dict, baseline: dict, score: str) -> str:
    """Paired mean and interval over the seeds that both have."""
    seeds = sorted(own.keys() & baseline.keys())
    values = [own[seed][score] for seed in seeds]
    others = [baseline[seed][score] for seed in seeds]
    if len(seeds) < 2:
        return ''.join(
            f'{a - b:+.1f}' for a, b in zip(values, others, strict=True)
        )
    paired = paired_difference(values, others)
    return (
        f'{paired["mean"]:+.1f} [{paired["low"]:+.1f}, {paired["high"]:+.1f}]'
    )


def _markdown(titles: list[str], rows: Iterable[list[str]]) -> str:
    lines = [titles, ['---'] * len(titles), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)
