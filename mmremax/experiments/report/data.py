"""Reads the result of a study: `result.json` of `tools/experiments/run.py`.

A study has arms (a config with options), an arm has runs (one per seed), a
run has curves and final scores. A run may have failed or be missing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

SCHEMA = 1
WRITER = 'tools/experiments/run.py'
STATUSES = ('finished', 'failed', 'running', 'pending')
# Okabe and Ito, told apart by colour-blind readers; grey is the baseline.
BASELINE_COLOUR = '#7a828c'
COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9')
LINES = ('-', '--', ':', '-.')  # a further turn through the colours
MARKERS = ('o', 's', '^', 'D', 'v', 'P', 'X')


class ReportError(ValueError):
    """The file is no result that a report can be made of."""


@dataclass(frozen=True)
class Style:
    """How an arm looks, in every picture and table.

    Attributes:
        colour: As in '#0072b2'.
        line: Line style of matplotlib.
        marker: Marker of matplotlib.
    """

    colour: str
    line: str
    marker: str


@dataclass(frozen=True)
class Arm:
    """One arm of a study.

    Attributes:
        name: Key of the arm.
        title: What people read.
        config: File of the config.
        options: Keys changed in it.
        runs: One dict per seed, as in the file.
        summary: Metric -> `mean`, `spread`, `n`, over finished runs.
        paired: Metric -> `differences`, `mean`, `low`, `high`, `level`, to
            the baseline on the same seeds; empty if there are too few.
        style: Its look.
    """

    name: str
    title: str
    config: str
    options: dict
    runs: list[dict]
    summary: dict
    paired: dict
    style: Style

    @property
    def finished(self) -> list[dict]:
        """Runs that reached their end."""
        return [run for run in self.runs if run['status'] == 'finished']

    def finals(self, metric: str) -> list[float]:
        """Final scores of the finished runs that have them."""
        scores = (final_score(run, metric) for run in self.finished)
        return [score for score in scores if math.isfinite(score)]

    def mean_of(self, key: str) -> float:
        """Mean of a number of the finished runs, NaN without any.

        Args:
            key: `wall_s` or `peak_memory_mb`.
        """
        values = [to_float(run.get(key)) for run in self.finished]
        values = [value for value in values if math.isfinite(value)]
        return float(np.mean(values)) if values else math.nan


@dataclass(frozen=True)
class Result:
    """A study with what its runs gave.

    Attributes:
        path: The file.
        study: `name`, `title`, `claim`, `paper`, `baseline`, `metric`,
            `higher_is_better`, `command`, `file`.
        machine: What it ran on, as text by key.
        arms: In the order of the study.
    """

    path: Path
    study: dict
    machine: dict
    arms: list[Arm]

    @property
    def metric(self) -> str:
        """The score that the arms are compared by, without its prefix."""
        return self.study['metric'].rsplit('/', 1)[-1]

    @property
    def baseline(self) -> Arm | None:
        """The arm that the others are compared with."""
        names = {arm.name: arm for arm in self.arms}
        return names.get(self.study.get('baseline'))

    def select(self, names: Sequence[str]) -> Result:
        """Keep some arms, in the order given; their styles stay.

        Raises:
            ReportError: An arm is not there.
        """
        arms = {arm.name: arm for arm in self.arms}
        for name in names:
            if name not in arms:
                raise ReportError(
                    f'{self.path} has no arm {name!r}; it has '
                    f'{", ".join(arms)}.'
                )
        return replace(self, arms=[arms[name] for name in names])


def load_result(path: str | Path) -> Result:
    """Read and check a result.

    Args:
        path: The json file, or the folder that holds `result.json`.

    Raises:
        ReportError: It is missing, of another kind, of another schema, or
            without a finished run.
    """
    path = Path(path)
    if path.is_dir():
        path = path / 'result.json'
    if not path.is_file():
        raise ReportError(f'There is no file {path}; {WRITER} writes it.')
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ReportError(f'{path} is no json: {error}') from None
    check(content, path)
    arms = _make_arms(content)
    if not any(arm.finished for arm in arms):
        raise ReportError(f'{path}: no run is finished{_first_error(arms)}.')
    return Result(path, content['study'], content.get('machine') or {}, arms)


def check(content: object, path: Path) -> None:
    """Refuse what is no result of the runner.

    Raises:
        ReportError: Names the file and what is wrong in it.
    """
    kind = f'{path} is no result of {WRITER}'
    if not isinstance(content, dict) or 'schema' not in content:
        raise ReportError(f"{kind}: it has no key 'schema'.")
    if content['schema'] != SCHEMA:
        raise ReportError(
            f'{path} has schema {content["schema"]!r}; this version reads '
            f'schema {SCHEMA}.'
        )
    study, arms = content.get('study'), content.get('arms')
    if not isinstance(study, dict) or not isinstance(study.get('metric'), str):
        raise ReportError(f'{kind}: study.metric is missing.')
    if not isinstance(arms, list) or not arms:
        raise ReportError(f'{kind}: it lists no arms.')
    for number, arm in enumerate(arms):
        if not isinstance(arm, dict) or 'name' not in arm:
            raise ReportError(f'{kind}: arms[{number}] has no name.')
        runs = arm.get('runs')
        if not isinstance(runs, list):
            raise ReportError(f'{kind}: arm {arm["name"]!r} has no runs.')
        for run in runs:
            status = run.get('status') if isinstance(run, dict) else None
            if status not in STATUSES or 'seed' not in run:
                raise ReportError(
                    f'{kind}: a run of arm {arm["name"]!r} has no seed or no '
                    f'status out of {", ".join(STATUSES)}.'
                )


def to_float(value: object) -> float:
    """Return a number, NaN for what is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else math.nan


def final_score(run: dict, metric: str) -> float:
    """Final score of one run, NaN if it has none."""
    return to_float((run.get('final') or {}).get(metric))


def format_score(value: float, others: Iterable[float] = ()) -> str:
    """Write a score with one decimal, three if all are below 2."""
    values = [abs(v) for v in (value, *others) if math.isfinite(v)]
    if not math.isfinite(value):
        return ''
    return f'{value:.1f}' if max(values) >= 2 else f'{value:.3f}'


def _make_arms(content: dict) -> list[Arm]:
    """Give every arm its style: the baseline is grey, whatever its place."""
    baseline = content['study'].get('baseline')
    arms, turn = [], 0
    for arm in content['arms']:
        if arm['name'] == baseline:
            style = Style(BASELINE_COLOUR, '-', MARKERS[0])
        else:
            cycle, place = divmod(turn, len(COLOURS))
            style = Style(
                COLOURS[place],
                LINES[cycle % len(LINES)],
                MARKERS[(turn + 1) % len(MARKERS)],
            )
            turn += 1
        arms.append(
            Arm(
                name=arm['name'],
                title=arm.get('title') or arm['name'],
                config=arm.get('config') or '',
                options=arm.get('options') or {},
                runs=arm['runs'],
                summary=arm.get('summary') or {},
                paired=arm.get('paired') or {},
                style=style,
            )
        )
    return arms


def _first_error(arms: list[Arm]) -> str:
    """Say what failed first, if anything did."""
    failed = [
        (arm.name, run)
        for arm in arms
        for run in arm.runs
        if run['status'] == 'failed'
    ]
    if not failed:
        return ''
    name, run = failed[0]
    return (
        f'; {len(failed)} failed, the first in arm {name!r}, seed '
        f'{run["seed"]}: {run.get("error")}'
    )
