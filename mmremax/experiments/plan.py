"""Which runs a study has, and which of them are to be done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config

from .run_folder import RunFolder
from .settings import (
    differences,
    fingerprint,
    settings_of,
)
from .study import (
    Study,
    StudyError,
)


def find_runs(study: Study, out: Path) -> dict[str, list[RunFolder]]:
    """List the runs of a study, those of earlier calls' seeds included.

    Args:
        study: The study.
        out: Folder of the runs.

    Returns:
        Folders by arm, in order of their seeds; they need not exist.
    """
    runs = {}
    for arm in study.arms:
        there = (out / arm.name).glob('seed*/run.json')
        seeds = {int(file.parent.name.removeprefix('seed')) for file in there}
        runs[arm.name] = [
            RunFolder(out / arm.name / f'seed{seed}', arm.name, seed)
            for seed in sorted(seeds | set(study.seeds))
        ]
    return runs


def plan_runs(
    study: Study,
    runs: dict[str, list[RunFolder]],
    configs: dict[str, Config],
    chosen: set[str],
    retry_failed: bool,
) -> tuple[dict[RunFolder, dict[str, Any]], list[RunFolder]]:
    """Order the runs seed by seed; leave out what is done.

    Args:
        study: The study.
        runs: Folders by arm.
        configs: Resolved, by arm.
        chosen: Names of the arms to run.
        retry_failed: Whether failed runs are tried again.

    Returns:
        Settings of each run, and the runs to do, in order.

    Raises:
        StudyError: A run has begun, or ended, with other settings.
    """
    wanted = {'pending', 'running'}
    if retry_failed:
        wanted.add('failed')
    settings = {}
    for seed in study.seeds:
        for arm in study.arms:
            for folder in runs[arm.name]:
                if arm.name in chosen and folder.seed == seed:
                    settings[folder] = settings_of(
                        configs[arm.name], seed, study.train_arguments
                    )
    for folder, new in settings.items():
        check_settings(study, folder, new)
    return settings, [f for f in settings if f.status in wanted]


def check_settings(
    study: Study, folder: RunFolder, new: dict[str, Any]
) -> None:
    """Never mix two settings in one run, never replace a result.

    Args:
        study: For the message.
        folder: Of the run.
        new: Settings that the study has now.

    Raises:
        StudyError: They are not those that the run began with.
    """
    old = folder.state.get('settings')
    if old is None or fingerprint(old) == fingerprint(new):
        return
    status = 'begun' if folder.status == 'running' else folder.status
    raise StudyError(
        f'{study.file}: {folder.label} is {status} in {folder.path} with '
        f'other settings than the study has now: {differences(old, new)}. '
        f'Give another --out, undo the change, or delete {folder.path} to '
        'run it anew.'
    )
