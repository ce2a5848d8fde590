"""The folder of one run: its config, its state, its logs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .study import StudyError


class RunFolder:
    """One arm with one seed.

    ``run.json`` holds the state and is replaced in one step, so that a kill
    leaves the old state or the new one. ``running`` without a living
    process is a run to go on with.

    Args:
        path: Made when first written to.
        arm: Name of the arm.
        seed: Of the run.

    Raises:
        StudyError: The file of its state is damaged.
    """

    def __init__(self, path: Path, arm: str, seed: int) -> None:
        self.path = path
        self.arm = arm
        self.seed = seed
        self.state: dict[str, Any] = {
            'status': 'pending',
            'error': None,
            'wall_s': 0.0,
            'peak_memory_mb': None,
            'reused_from': None,
        }
        if self.state_file.is_file():
            self.state |= read_state(self.state_file)

    @property
    def state_file(self) -> Path:
        """Holds `state`."""
        return self.path / 'run.json'

    @property
    def config_file(self) -> Path:
        """The resolved config; read by tools/train.py."""
        return self.path / 'config.py'

    @property
    def work_dir(self) -> Path:
        """Of tools/train.py: logs of each start, checkpoints."""
        return self.path / 'work'

    @property
    def log_file(self) -> Path:
        """What the training processes printed."""
        return self.path / 'train.log'

    @property
    def scores_file(self) -> Path:
        """Scores of tools/test.py, where the last validation was lost."""
        return self.path / 'scores.json'

    @property
    def picture_dir(self) -> Path:
        """Predictions for a few images, one file for each panel."""
        return self.path / 'pictures'

    @property
    def status(self) -> str:
        """pending, running, finished or failed."""
        return self.state['status']

    @property
    def label(self) -> str:
        """For messages."""
        return f'{self.arm}, seed {self.seed}'

    def write_config(self, cfg: Config) -> None:
        """Keep the resolved config; a run that has begun keeps its own."""
        if self.status == 'pending':
            self.path.mkdir(parents=True, exist_ok=True)
            cfg.dump(self.config_file)
            self.state['max_iters'] = cfg.train_cfg.max_iters

    def predictions(self, root: Path) -> list[dict[str, str]]:
        """List the pictures that are there.

        Args:
            root: Folder that paths are relative to.

        Returns:
            ``image`` (name), ``input``, ``gt``, ``prediction`` (paths).
        """
        found = []
        for picture in sorted(self.picture_dir.glob('*_prediction.png')):
            image = picture.name.removesuffix('_prediction.png')
            parts = dict(input='input', gt='ground-truth')
            files = {
                key: self.picture_dir / f'{image}_{part}.png'
                for key, part in parts.items()
            } | {'prediction': picture}
            if all(file.is_file() for file in files.values()):
                paths = {k: str(f.relative_to(root)) for k, f in files.items()}
                found.append({'image': image, **paths})
        return found

    def update(self, **values: Any) -> None:
        """Change the state and write it."""
        self.state |= values
        write_json(self.state_file, self.state)


def read_state(file: Path) -> dict[str, Any]:
    """Read the state of a run.

    Args:
        file: A run.json.

    Returns:
        With ``status`` and, of a run that began, ``settings``.

    Raises:
        StudyError: It is not the state of a run.
    """
    try:
        state = json.loads(file.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise StudyError(
            f'{file}: not readable ({error}). Remove the folder '
            f'{file.parent}; the run is done again then.'
        ) from error
    if not isinstance(state, dict) or 'status' not in state:
        raise StudyError(
            f'{file}: not the state of a run, "status" is missing. Remove '
            f'the folder {file.parent}; the run is done again then.'
        )
    return state


def write_json(path: Path, content: Any, **style: Any) -> None:
    """Write a file beside its place and rename it.

    Args:
        path: Missing folders are made.
        content: Without NaN and infinity, which json does not know.
        style: For ``json.dumps``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f'{path.name}.{os.getpid()}.tmp')
    text = json.dumps(content, allow_nan=False, **style)
    with beside.open('w') as file:
        file.write(text + '\n')
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
