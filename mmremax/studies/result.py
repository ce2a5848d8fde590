"""Reads what a study left: `result.json`, of this version or earlier ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

SCHEMA = 1


class ResultError(ValueError):
    """A file is no result, or lacks what is asked for."""


@dataclass(frozen=True)
class Result:
    """A study with what its runs gave; docs/studies.md lists the keys.

    Attributes:
        path: The file.
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
        names = [key['arm'] for key, _ in self.finished]
        named = self.study['baseline']
        return named if named in names else names[0]

    @property
    def titles(self) -> dict[str, str]:
        """What people read, by arm."""
        return {arm['name']: arm['title'] for arm in self.arms}

    @property
    def finished(self) -> list[tuple[dict, dict]]:
        """Runs that reached their end; ``arm`` and ``seed`` of each first."""
        return [
            (dict(arm=arm['name'], seed=run['seed']), run)
            for arm in self.arms
            for run in arm['runs']
            if run['status'] == 'finished'
        ]

    def select(self, names: Sequence[str]) -> Result:
        """Keep some arms, in the order given.

        Raises:
            ResultError: An arm is not there.
        """
        arms = {arm['name']: arm for arm in self.arms}
        for name in names:
            if name not in arms:
                raise ResultError(
                    f'{self.path} has no arm {name!r}; it has '
                    f'{", ".join(arms)}.'
                )
        return replace(self, arms=[arms[name] for name in names])

    def finals(self) -> pd.DataFrame:
        """Final scores; rows are (arm, seed)."""
        return _frame([key | run['final'] for key, run in self.finished])

    def curves(self) -> pd.DataFrame:
        """Scores of all validations; rows are (arm, seed, iter)."""
        return _frame(
            [key | p for key, run in self.finished for p in run['curve']],
            'iter',
        )

    def diagnostics(self) -> pd.DataFrame:
        """What was logged beside the losses; rows are (arm, seed, iter)."""
        frames = [
            pd.DataFrame(run['diagnostics']).assign(**key)
            for key, run in self.finished
        ]
        return _frame(pd.concat(frames), 'iter')


def read_result(path: str | Path) -> Result:
    """Read and check a result.

    Args:
        path: The json file, or the folder that holds `result.json`.

    Raises:
        ResultError: It is missing, of another kind or schema, or without a
            finished run.
    """
    path = Path(path)
    path = path / 'result.json' if path.is_dir() else path
    writer = '`tools/study.py run`'
    if not path.is_file():
        raise ResultError(f'There is no file {path}; {writer} writes it.')
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        schema = content['schema']
        result = Result(path, content['study'], content['arms'])
        runs = [run for arm in result.arms for run in arm['runs']]
        statuses = [run['status'] for run in runs]
        _ = result.score, result.titles
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResultError(
            f'{path} is no result of {writer}: {type(error).__name__}: {error}'
        ) from None
    if schema != SCHEMA:
        raise ResultError(
            f'{path} has schema {schema!r}; this version reads {SCHEMA}.'
        )
    if 'finished' not in statuses:
        errors = [str(r['error']) for r in runs if r['status'] == 'failed']
        raise ResultError(
            f'{path}: no run is finished; ' + '\n'.join(errors[:1])
        )
    return result


def _frame(rows: list[dict] | pd.DataFrame, *index: str) -> pd.DataFrame:
    """Set the index; all else is a number, NaN where it is null."""
    frame = pd.DataFrame(rows).set_index(['arm', 'seed', *index])
    return frame.apply(pd.to_numeric)
