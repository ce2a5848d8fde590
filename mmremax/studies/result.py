"""Reads what a study left, `result.json`, and makes tables in Markdown."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import ttest_1samp

from .study import StudyError

SCHEMA = 1


@dataclass(frozen=True)
class Result:
    """A study with what its runs gave.

    Attributes:
        study: ``title``, ``metric``, ``baseline``, ...
        arms: In order: ``name``, ``title``, ``runs``, ...
    """

    path: Path
    study: dict
    arms: list[dict]

    @property
    def score(self) -> str:
        """The metric without its prefix."""
        return self.study['metric'].rpartition('/')[2]

    @property
    def baseline(self) -> str:
        """The study's; while that has no run the first arm with one."""
        names = self.frame('final').index.unique('arm')
        named = self.study['baseline']
        return named if named in names else names[0]

    @property
    def titles(self) -> dict[str, str]:
        """What people read, by arm."""
        return {arm['name']: arm['title'] for arm in self.arms}

    @property
    def images(self) -> str:
        """Numbers of images that were trained on, and validated on.

        Empty where arms differ, or were run before they were counted.
        """
        numbers = {tuple(arm.get('images', ())) for arm in self.arms}
        train, val = numbers.pop() or (0, 0)
        return f', {train} + {val} images' * (train > 0 and not numbers)

    def select(self, names: Sequence[str] | None) -> Result:
        """Keep some arms, in the order given; None keeps all."""
        arms = {arm['name']: arm for arm in self.arms}
        self._require('arm', names or (), arms)
        return replace(self, arms=[arms[name] for name in names or arms])

    def frame(self, kind: str, scores: Sequence[str] = ()) -> pd.DataFrame:
        """Put the numbers of the finished runs together.

        Args:
            kind: ``'final'`` scores, with rows (arm, seed); the ``'curve'``
                of scores after all validations, or the ``'diagnostics'``
                logged beside the losses, with rows (arm, seed, iter).
            scores: Those that have to be there.
        """
        rows = []
        for arm in self.arms:
            for run in arm['runs']:
                if run['status'] == 'finished':
                    found = [run[kind]] if kind == 'final' else run[kind]
                    points = pd.DataFrame(found).to_dict('records')
                    key = dict(arm=arm['name'], seed=run['seed'])
                    rows += [key | point for point in points]
        if not rows:
            raise StudyError(f'{self.path} has no {kind}.')
        index = ['arm', 'seed', 'iter'][: 2 if kind == 'final' else 3]
        frame = pd.DataFrame(rows).set_index(index).apply(pd.to_numeric)
        self._require('score', scores, frame)
        return frame

    def _require(self, kind: str, names: Iterable, known: Iterable) -> None:
        for name in names:
            if name not in known:
                raise StudyError(
                    f'{self.path} has no {kind} {name!r}; it has '
                    f'{", ".join(known)}.'
                )


def read_result(path: Path) -> Result:
    """Read a `result.json`, or raise a StudyError that says what is wrong."""
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        if (schema := content['schema']) != SCHEMA:
            raise ValueError(f'it has schema {schema!r}, not {SCHEMA}')
        result = Result(path, content['study'], content['arms'])
        runs = [run for arm in result.arms for run in arm['runs']]
        if all(run['status'] != 'finished' for run in runs):
            errors = [str(run['error']) for run in runs if run['error']]
            raise ValueError(f'no run is finished; {"".join(errors[:1])}')
        _ = result.score, result.titles
    except (AttributeError, LookupError, OSError, TypeError, ValueError) as e:
        raise StudyError(
            f'{path} is no result of `tools/study.py run` to read: '
            f'{type(e).__name__}: {e}'
        ) from None
    return result


def paired_interval(
    values: pd.Series, baseline: pd.Series
) -> tuple[float, float, float]:
    """Compare an arm with its baseline, seed by seed.

    The interval is Student's 95 % for the mean of the differences: mean +-
    t * s / sqrt(n), with n - 1 degrees of freedom. It holds for differences
    that are about normal; with two seeds t is 12.7. Seeds that only one of
    the two has do not count.

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
    scores: Sequence[str] | None = None,
    baseline: str | None = None,
) -> str:
    """Final scores: mean and spread, by seed, difference to the baseline.

    Args:
        scores: The first with its mean, spread (standard deviation over
            seeds) and difference, all of them by seed; None is the study's.
        baseline: Arm of the differences; None is the study's.
    """
    scores = scores or [result.score]
    baseline = result.select([baseline or result.baseline]).arms[0]['name']
    finals = result.frame('final', scores)
    first, rows = finals[scores[0]], []
    for name in first.index.unique('arm'):
        text, difference = f'{first[name].mean():.1f}', ''
        if len(first[name]) > 1:
            text += f' ± {first[name].std():.1f}'
        if name != baseline:
            mean, low, high = paired_interval(first[name], first[baseline])
            difference = '' if np.isnan(mean) else f'{mean:+.1f}'
            if not np.isnan(low):
                difference += f' [{low:+.1f}, {high:+.1f}]'
        by_seed = finals.loc[name].map('{:.1f}'.format)
        seeds = [' / '.join(by_seed[score]) for score in scores]
        rows.append([result.titles[name], text, *seeds, difference])
    names = [f'{score} by seed' for score in scores]
    first = f'arm{result.images}'
    return _markdown([first, scores[0], *names, 'difference'], rows)


def curve_table(result: Result, scores: Sequence[str] | None = None) -> str:
    """Show a score after each validation, as the mean over the seeds."""
    score, *_ = scores or [result.score]
    curves = result.frame('curve', [score])[score]
    means = curves.groupby(level=['arm', 'iter'], sort=False).mean()
    table = means.unstack('iter').dropna(axis=1).sort_index(axis=1)
    rows = [
        [result.titles[name], *row.map('{:.1f}'.format)]
        for name, row in table.iterrows()
    ]
    titles = [f'{score} after', *(f'{step} steps' for step in table)]
    return _markdown(titles, rows)


def diagnostic_table(
    result: Result,
    names: Sequence[str],
    steps: Sequence[tuple[int, int]],
    log10: bool = False,
    over_layers: bool = False,
) -> str:
    """Means of what the relaxed layers logged, over steps and seeds.

    Args:
        names: Diagnostics without their layer, as 'm_hat_matched'.
        steps: First and last step of each mean, both included.
        log10: Take the logarithm of each logged value first.
        over_layers: One mean of all layers in place of "0.1 / 0.2", those
            of the layers d0 and d1.
    """
    logged, columns = result.frame('diagnostics'), {}
    for name, (low, high) in itertools.product(names, steps):
        frame = logged.filter(regex=rf'^d\d+\.{re.escape(name)}$')
        frame = frame[frame.index.isin(range(low, high + 1), 'iter')]
        means = (np.log10(frame) if log10 else frame).groupby('arm').mean()
        if not means.notna().any(axis=None):
            raise StudyError(
                f'{result.path}: no arm logged {name} in steps {low}-{high}.'
            )
        if over_layers:
            means = means.mean(axis=1).to_frame()
        columns[f'{name}, steps {low}-{high}'] = {
            arm: ' / '.join(row.dropna().map('{:.2f}'.format))
            for arm, row in means.iterrows()
        }
    table = pd.DataFrame(columns, logged.index.unique('arm')).fillna('')
    rows = [[result.titles[arm], *cells] for arm, *cells in table.itertuples()]
    return _markdown(['arm', *columns], rows)


def _markdown(titles: list[str], rows: Iterable[list[str]]) -> str:
    lines = [titles, ['---'] * len(titles), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)
