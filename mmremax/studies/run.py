"""One training of a study: its folder, its commands, its numbers."""

from __future__ import annotations

import fcntl
import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
from mmengine.config import Config

from mmremax.utils.cli import find_last_checkpoint
from mmremax.visualization import read_scalars

from .settings import digest_of, fingerprint
from .study import Study

MAX_POINTS = 200  # of a diagnostic; a longer one is averaged
DIAGNOSTICS = r'^step$|^loss$|^grad_norm$|m_hat|fp_fn_ratio'
NOT_SCORES = {'data_time', 'time', 'step', 'iter', 'epoch', 'memory'}


class Run:
    """An arm with a seed, in a folder named by what it computes.

    A run is finished when it has final scores. They, and the step to go on
    from, are read from the logs and checkpoints in ``work``, so that a kill
    at any moment leaves nothing to repair.

    Args:
        study: What it belongs to.
        arm: Name of its arm.
        seed: Of the run.
        cfg: Resolved.
        root: Folder of all runs.
        options: Other settings of inference, as KEY=VALUE: the final scores
            are then of tools/test.py with them.
        tools: Folder of train.py and test.py.
    """

    def __init__(
        self,
        study: Study,
        arm: str,
        seed: int,
        cfg: Config,
        root: Path,
        options: Sequence[str],
        tools: Path,
    ) -> None:
        self.study = study
        self.arm = arm
        self.seed = seed
        self.cfg = cfg
        self.options = list(options)
        self.tools = tools
        self.label = f'{arm}, seed {seed}'
        self.max_iters: int = cfg.train_cfg.max_iters
        self.path = root / fingerprint(cfg, seed, study.train_arguments)
        self.log_file = self.path / 'log.txt'
        self.error_file = self.path / 'error.txt'
        self.scores_file = self.path / f'scores-{digest_of(self.options)}.json'

    def records(self) -> list[dict]:
        """Read what was logged so far."""
        try:
            return read_scalars(self.path / 'work')
        except FileNotFoundError:
            return []

    def step(self) -> int:
        """Return the last one that was logged."""
        return max((record['step'] for record in self.records()), default=0)

    def curve(self) -> list[dict]:
        """List ``iter`` and scores, without prefix, of all validations."""
        if self.options:  # the training validated without them
            return []
        points = {
            record['step']: dict(iter=record['step'], **self._scores(record))
            for record in self.records()
            if self.study.metric in record
        }
        return list(points.values())

    def final(self) -> dict[str, float | None]:
        """Return the scores after the last step; empty before."""
        final = (self.curve() or [{'iter': None}])[-1]
        if final.pop('iter') != self.max_iters:
            final = {}
            if self.scores_file.is_file():
                content = json.loads(self.scores_file.read_text())
                final = self._scores(content['scores'])
        return final if final.get(self.study.score) is not None else {}

    def lock(self) -> TextIO | None:
        """Claim the run; None while another process works on it."""
        self.path.mkdir(parents=True, exist_ok=True)
        file = (self.path / 'lock').open('a')
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file

    def next_command(self) -> list[str]:
        """Train, from the last checkpoint on; test what is trained."""
        config, work = self.path / 'config.py', self.path / 'work'
        if not config.is_file():
            self.cfg.dump(config.with_name('part.py'))
            config.with_name('part.py').replace(config)
        last = find_last_checkpoint(str(work)) or ''
        if Path(last).stem == f'iter_{self.max_iters}':
            command = ['test.py', config, last, '--json', self.scores_file]
            command += ['--work-dir', self.path / 'test']
            command += ['--cfg-options', *self.options] if self.options else []
        else:
            command = ['train.py', config, '--work-dir', work, '--resume']
            command += ['--seed', self.seed, *self.study.train_arguments]
        return [sys.executable, f'{self.tools}/{command[0]}'] + [
            str(word) for word in command[1:]
        ]

    def collect(self) -> dict[str, Any]:
        """Put its numbers together, as an entry of ``runs``."""
        final, step = self.final(), self.step()
        status = 'finished' if final else 'running' if step else 'pending'
        error = None
        if not final and self.error_file.is_file():
            status, error = 'failed', self.error_file.read_text()
        logged = pd.DataFrame([r for r in self.records() if 'loss' in r])
        logged = logged.replace([np.inf, -np.inf], np.nan)
        diagnostics = logged.filter(regex=DIAGNOSTICS)
        size = math.ceil(len(logged) / MAX_POINTS) or 1
        groups = diagnostics.groupby(np.arange(len(logged)) // size)
        series = (
            dict(groups.mean(), step=groups['step'].last()) if step else {}
        )
        return dict(
            seed=self.seed,
            status=status,
            error=error,
            iters=step,
            curve=self.curve(),
            final=final,
            diagnostics={'iter': [_plain(s) for s in series.pop('step', [])]}
            | {name: [_plain(v) for v in own] for name, own in series.items()},
            step_s=_plain(logged['time'].median())
            if 'time' in logged
            else None,
        )

    def _scores(self, record: dict) -> dict[str, float | None]:
        """Take the numbers of a validation, without the metric's prefix."""
        prefix = self.study.metric.removesuffix(self.study.score)
        return {
            name.removeprefix(prefix): _plain(value)
            for name, value in record.items()
            if name not in NOT_SCORES and isinstance(value, int | float)
        }


def write_json(path: Path, content: Any) -> None:
    """Write a file beside its place and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f'{path.name}.{os.getpid()}.tmp')
    text = json.dumps(content, allow_nan=False, default=repr)
    beside.write_text(text + '\n')
    beside.replace(path)


def _plain(value: float) -> float | None:
    """Six digits; None for what json cannot hold."""
    return float(f'{value:.6g}') if math.isfinite(value) else None
