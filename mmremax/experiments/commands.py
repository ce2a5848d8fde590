"""The commands that a study consists of."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from .run_folder import RunFolder

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
Launch = Callable[[RunFolder, list[str]], list[str]]


def train_command(folder: RunFolder, arguments: list[str]) -> list[str]:
    """Command of a run; it goes on from the last checkpoint if any."""
    return [
        sys.executable,
        str(TOOLS / 'train.py'),
        str(folder.config_file),
        '--work-dir',
        str(folder.work_dir),
        '--seed',
        str(folder.seed),
        '--resume',
        *arguments,
    ]


def test_command(folder: RunFolder, checkpoint: str) -> list[str]:
    """Command that scores a run whose last validation was lost."""
    return [
        sys.executable,
        str(TOOLS / 'test.py'),
        str(folder.config_file),
        checkpoint,
        '--work-dir',
        str(folder.path / 'test'),
        '--json',
        str(folder.scores_file),
    ]


def picture_command(folder: RunFolder, checkpoint: str) -> list[str]:
    """Command that draws a few predictions of a finished run."""
    return [
        sys.executable,
        str(TOOLS / 'analysis' / 'show_predictions.py'),
        str(folder.config_file),
        checkpoint,
        '--separate',
        '--num',
        '3',
        '--long-side',
        '256',
        '--out',
        str(folder.picture_dir),
    ]
