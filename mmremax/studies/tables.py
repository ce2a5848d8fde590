"""The tables of a study, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy.stats import ttest_1samp

from .result import Result, ResultError


def paired_interval(
    values: pd.Series, baseline: pd.Series
) -> tuple[float, float, float]:
    """Compare an arm with its baseline, seed by seed.

    The interval is Student's 95 % for the mean of the differences: mean +-
    t * s / sqrt(n), with n - 1 degrees of freedom. It holds for differences
    that are about normal; with two seeds t is 12.7.

    Args:
        values: Of the arm, by seed.
        baseline: By seed; seeds that only one of the two has do not count.

    Returns:
        Mean, lower and upper end; NaN where there are too few pairs.
    """
    differences = (values - baseline).dropna()
    mean = differences.mean()
    if len(differences) < 2:
        return mean, np.nan, np.nan
    if differences.nunique() == 1:  # SciPy warns of a spread of zero
        return mean, mean, mean
    return mean, *ttest_1samp(differences, 0).confidence_interval(0.95)


def score_table(
    result: Result,
    arms: Sequence[str] | None = None,
    scores: Sequence[str] | None = None,
    baseline: str | None = None,
) -> str:
    """Final scores: mean and spread, by seed, difference to the baseline.

    Args:
        result: Of a study.
        arms: Those of the rows, in order; None is all.
        scores: The first with its mean, spread (standard deviation over
            seeds) and difference, all of them by seed; None is the study's.
        baseline: Arm of the differences; None is the study's.

    Raises:
        ResultError: An arm or a score is not there.
    """
    scores = list(scores or [result.score])
    baseline = baseline or result.baseline
    finals = _columns(result, result.finals(), scores)
    first, rows = finals[scores[0]], []
    for name, title in result.select(
        [*(arms or result.titles)]
    ).titles.items():
        if name not in first:
            continue
        text, difference = f'{first[name].mean():.1f}', ''
        if len(first[name]) > 1:
            text += f' ± {first[name].std():.1f}'
        if name != baseline:
            other = first[result.select([baseline]).arms[0]['name']]
            mean, low, high = paired_interval(first[name], other)
            difference = '' if np.isnan(mean) else f'{mean:+.1f}'
            if not np.isnan(low):
                difference += f' [{low:+.1f}, {high:+.1f}]'
        by_seed = finals.loc[name].map('{:.1f}'.format)
        seeds = [' / '.join(by_seed[score]) for score in scores]
        rows.append([title, text, *seeds, difference])
    names = [f'{score} by seed' for score in scores]
    return _markdown(['arm', scores[0], *names, 'difference'], rows)


def curve_table(
    result: Result,
    arms: Sequence[str] | None = None,
    scores: Sequence[str] | None = None,
) -> str:
    """Show a score after each validation, as the mean over the seeds."""
    chosen = result.select([*(arms or result.titles)])
    score = [*(scores or [result.score])][0]
    curves = _columns(result, chosen.curves(), [score])[score]
    means = curves.groupby(level=['arm', 'iter'], sort=False).mean()
    table = means.unstack('iter').dropna(axis=1).sort_index(axis=1)
    rows = [
        [chosen.titles[name], *row.map('{:.1f}'.format)]
        for name, row in table.iterrows()
    ]
    titles = [f'{score} after', *(f'{step} steps' for step in table)]
    return _markdown(titles, rows)


def diagnostic_table(
    result: Result,
    arms: Sequence[str] | None,
    names: Sequence[str],
    steps: Sequence[tuple[int, int]],
    log10: bool = False,
    over_layers: bool = False,
) -> str:
    """Means of what the relaxed layers logged, over steps and seeds.

    Args:
        result: Of a study.
        arms: Those of the rows, in order; None is all.
        names: Diagnostics without their layer, as 'm_hat_matched'.
        steps: First and last step of each mean, both included.
        log10: Take the logarithm of each logged value first.
        over_layers: One mean of all layers in place of "0.1 / 0.2", those
            of the layers d0 and d1.

    Raises:
        ResultError: No arm logged the name in these steps.
    """
    chosen = result.select([*(arms or result.titles)])
    logged, columns = chosen.diagnostics(), {}
    for name in names:
        for low, high in steps:
            frame = logged.filter(regex=rf'^d\d+\.{name}$')
            frame = frame[frame.index.isin(range(low, high + 1), 'iter')]
            means = (np.log10(frame) if log10 else frame).groupby('arm').mean()
            if not means.notna().any(axis=None):
                raise ResultError(
                    f'{result.path}: no arm logged {name} in steps '
                    f'{low}-{high}.'
                )
            if over_layers:
                means = means.mean(axis=1).to_frame()
            means = means.reindex(logged.index.unique('arm'))
            columns[f'{name}, steps {low}-{high}'] = means
    rows = [
        [
            chosen.titles[arm],
            *(
                ' / '.join(means.loc[arm].dropna().map('{:.2f}'.format))
                for means in columns.values()
            ),
        ]
        for arm in logged.index.unique('arm')
    ]
    return _markdown(['arm', *columns], rows)


def _columns(result: Result, frame: pd.DataFrame, names: list) -> pd.DataFrame:
    for name in names:
        if name not in frame:
            raise ResultError(
                f'{result.path} has no score {name!r}; it has '
                f'{", ".join(frame)}.'
            )
    return frame


def _markdown(titles: list[str], rows: Iterable[list[str]]) -> str:
    lines = [titles, ['---'] * len(titles), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)
