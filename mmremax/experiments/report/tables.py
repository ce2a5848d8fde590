"""Writes the cells of a report's tables."""

from __future__ import annotations

import math

from .data import (
    Arm,
    Result,
    format_score,
    to_float,
)

QUALITIES = ('PQ', 'SQ', 'RQ', 'PQ_th', 'PQ_st', 'mIoU')
NONE = '–'


def metric_columns(result: Result) -> list[str]:
    """Scores of the table after the compared one, the known ones first."""
    found = {
        name
        for arm in result.arms
        for run in arm.finished
        for name in run.get('final') or {}
    }
    return [name for name in QUALITIES if name in found - {result.metric}]


def table_row(result: Result, arm: Arm) -> dict:
    """Write one arm's line of the table of scores."""
    metrics = [result.metric, *metric_columns(result)]
    return dict(
        arm=arm,
        is_baseline=arm is result.baseline,
        scores=[score_cell(arm, metric) for metric in metrics],
        difference=difference_cells(result, arm),
        verdict=verdict(result, arm),
        seeds=f'{len(arm.finished)} of {len(arm.runs)}',
    )


def score_cell(arm: Arm, metric: str) -> str:
    """Write mean and spread, the mean alone for one seed."""
    summary = arm.summary.get(metric) or {}
    mean = format_score(to_float(summary.get('mean')))
    spread = to_float(summary.get('spread'))
    if not mean or not math.isfinite(spread) or summary.get('n', 0) < 2:
        return mean or NONE
    digits = 1 if '.' not in mean else len(mean.split('.')[1])
    return f'{mean} ± {spread:.{digits}f}'


def difference_cells(result: Result, arm: Arm) -> tuple[str, str]:
    """Write the paired difference and its interval."""
    pair = arm.paired.get(result.metric)
    if not pair or arm is result.baseline:
        return NONE, ''
    values = [to_float(pair[key]) for key in ('mean', 'low', 'high')]
    scores = arm.finals(result.metric)
    digits = 1 if max(map(abs, scores), default=2) >= 2 else 3
    mean, low, high = (
        f'{value:+.{digits}f}'.replace('-', '−') for value in values
    )
    return mean, f'[{low}, {high}]'


def verdict(result: Result, arm: Arm) -> str:
    """Say on which side of zero the whole interval lies."""
    pair = arm.paired.get(result.metric)
    if arm is result.baseline:
        return 'baseline'
    if not pair:
        return ''
    low, high = to_float(pair['low']), to_float(pair['high'])
    if low <= 0 <= high or not math.isfinite(low + high):
        return 'undecided'
    return 'better' if (low > 0) == higher_is_better(result) else 'worse'


def higher_is_better(result: Result) -> bool:
    """Say which way the metric goes."""
    return result.study.get('higher_is_better', True)


def level_of(result: Result) -> str:
    """Write the intervals' level, empty if there are none."""
    for arm in result.arms:
        level = (arm.paired.get(result.metric) or {}).get('level')
        if level is not None:
            return f'{100 * level:g} % '
    return ''


def cost_row(result: Result, arm: Arm) -> dict:
    """Write what one arm cost: pairs of a cost and its ratio to the baseline.

    Returns:
        `arm`, and `cells` in the order of `COSTS`.
    """
    cells = []
    for key, write in COSTS.values():
        value = arm.mean_of(key)
        reference = result.baseline.mean_of(key) if result.baseline else 0
        ratio = value / reference if reference else math.nan
        cells.append(
            (
                write(value) if math.isfinite(value) else NONE,
                f'{ratio:.2f} x' if math.isfinite(ratio) else '',
            )
        )
    return dict(arm=arm, cells=cells)


def format_time(seconds: float) -> str:
    """Write a duration as people say it."""
    seconds = round(seconds)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours:
        return f'{hours} h {minutes:02d} min'
    return f'{minutes} min {seconds % 60:02d} s' if minutes else f'{seconds} s'


def count_runs(result: Result) -> dict:
    """Count what the head of the page tells."""
    runs = [run for arm in result.arms for run in arm.runs]
    done = [run for run in runs if run['status'] == 'finished']
    seconds = [to_float(run.get('wall_s')) for run in runs]
    seconds = sum(value for value in seconds if math.isfinite(value))
    iters = sorted({run['iters'] for run in done if run.get('iters')})
    return {
        'arms': len(result.arms),
        'seeds': len({run['seed'] for run in runs}),
        'runs finished': f'{len(done)} of {len(runs)}',
        'iterations': ' / '.join(f'{n:,}' for n in iters) or NONE,
        'time of all runs': format_time(seconds) if seconds else NONE,
    }


COSTS = {
    'time of a run': ('wall_s', format_time),
    'time of a step': ('step_s', lambda value: f'{1000 * value:,.0f} ms'),
    'peak memory': ('peak_memory_mb', lambda value: f'{value:,.0f} MB'),
}
