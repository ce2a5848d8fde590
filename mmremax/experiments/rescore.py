"""Tests the runs of a study again, with other settings of inference."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

from mmremax.utils.cli import find_last_checkpoint

from .collect import scores_of
from .commands import test_command
from .result import (
    finals,
    paired_of,
    summary_of,
)
from .run_folder import (
    RunFolder,
    write_json,
)
from .study import StudyError


def rescore_run(
    folder: RunFolder,
    metric: str,
    options: list[str],
    run: Callable[..., Any] = subprocess.run,
) -> dict[str, float | None]:
    """Test a finished run, unless it has been tested with these options.

    Args:
        folder: Of the run; ``rescored.json`` in it keeps the scores.
        metric: Of the study, with its prefix.
        options: Arguments of tools/test.py, as ``--cfg-options KEY=VALUE``.
        run: Runs a command (tests replace it).

    Returns:
        Scores by name, without their prefix.

    Raises:
        StudyError: There is no checkpoint, or the test failed.
    """
    kept = folder.path / 'rescored.json'
    if kept.is_file():
        content = json.loads(kept.read_text())
        if content['options'] == options:
            return scores_of(content['scores'], metric)
    checkpoint = find_last_checkpoint(str(folder.work_dir))
    if checkpoint is None:
        raise StudyError(
            f'{folder.label}: no checkpoint in {folder.work_dir}; without it '
            'the run cannot be tested again.'
        )
    command = test_command(folder, checkpoint)
    scores_file = folder.path / 'rescored_scores.json'
    command[command.index('--json') + 1] = str(scores_file)
    done = run([*command, *options], capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise StudyError(f'{folder.label}: the test failed: {"".join(last)}')
    scores = json.loads(scores_file.read_text())['scores']
    scores_file.unlink()
    write_json(kept, dict(options=options, scores=scores))
    return scores_of(scores, metric)


def with_scores(
    content: dict, scores: dict[tuple[str, int], dict], command: str
) -> dict:
    """Put new final scores into a result.

    Args:
        content: Of result.json.
        scores: By arm and seed, for some or all finished runs; the others
            are left out.
        command: That made them.

    Returns:
        The result with these runs; a curve is its last point alone, since
        the earlier ones had other settings.
    """
    arms = []
    for arm in content['arms']:
        runs = []
        for run in arm['runs']:
            final = scores.get((arm['name'], run['seed']))
            if final is not None:
                curve = [dict(iter=run['iters'], **final)]
                runs.append(run | dict(final=final, curve=curve))
        if runs:
            arms.append(arm | dict(runs=runs))
    study = content['study'] | dict(command=command)
    by_arm = {arm['name']: finals(arm['runs']) for arm in arms}
    baseline = by_arm.get(study['baseline'], {})
    for arm in arms:
        own = by_arm[arm['name']]
        arm['summary'] = summary_of(own)
        is_baseline = arm['name'] == study['baseline']
        arm['paired'] = {} if is_baseline else paired_of(own, baseline)
    return content | dict(study=study, arms=arms)
