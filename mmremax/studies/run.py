"""One training of a study: an arm with a seed."""

from __future__ import annotations

import fcntl
import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pandas as pd
from mmengine.config import Config

from mmremax.utils.resume import find_last_checkpoint
from mmremax.visualization import read_scalars

from .children import Children
from .study import Study, digest_of, fingerprint

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
MAX_POINTS = 200  # of a diagnostic; a longer one is averaged
DIAGNOSTICS = r'^step$|^loss$|^grad_norm$|m_hat|fp_fn_ratio'
THREADS = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS')
NOT_SCORES = {'data_time', 'time', 'step', 'iter', 'epoch', 'memory'}


@dataclass(eq=False)
class Run:
    """An arm with a seed, in a folder named by what it computes.

    A run is finished when it has final scores. They, and the step to go on
    from, are read from the logs and checkpoints in ``work``, so that a kill
    at any moment leaves nothing to repair. With `options`, other settings of
    inference as KEY=VALUE, the scores are those of tools/test.py. `known` is
    what an earlier result says of the same run, made elsewhere.
    """

    study: Study
    arm: str
    seed: int
    cfg: Config
    root: Path
    options: Sequence[str]
    known: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.max_iters: int = self.cfg.train_cfg.max_iters
        arguments = self.study.train_arguments
        self.path = self.root / fingerprint(self.cfg, self.seed, arguments)
        self.log_file = self.path / 'log.txt'
        self.error_file = self.path / 'error.txt'
        digest = digest_of([*self.options])
        self.scores_file = self.path / f'scores-{digest}.json'
        self.name = self.path.name + f'-{digest}' * bool(self.options)

    def records(self) -> list[dict]:
        """Read what was logged so far."""
        try:
            return read_scalars(self.path / 'work')
        except FileNotFoundError:
            return []

    def scores(self) -> dict[int, dict[str, float | None]]:
        """Read the scores of validations and test by step, without prefix."""
        metric = self.study.metric
        prefix = metric[: metric.rfind('/') + 1]
        records = [] if self.options else self.records()
        found = {r['step']: r for r in records if metric in r}
        if self.scores_file.is_file():
            content = json.loads(self.scores_file.read_text())
            found.setdefault(self.max_iters, content['scores'])
        return {
            step: {
                name.removeprefix(prefix): _plain(value)
                for name, value in record.items()
                if name not in NOT_SCORES and isinstance(value, int | float)
            }
            for step, record in found.items()
            if math.isfinite(record.get(metric, math.nan))
        }

    def final(self) -> dict[str, float | None]:
        """Return the scores after the last step; empty before."""
        known = self.known.get('final', {})
        return self.scores().get(self.max_iters, known)

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
        command[0] = TOOLS / command[0]
        return [sys.executable, *map(str, command)]

    def train(
        self, gpus: SimpleQueue[str], threads: int, children: Children
    ) -> bool:
        """Train, and test if the scores are not those of a validation.

        The process holds the lock too, so that one that outlives a killed
        runner is not joined by a second. It takes one of the `gpus`.

        Returns:
            Whether it has ended; False, too, while another runner works on
            it.
        """
        if children.are_asked:
            return False
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / 'lock').open('a') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            self.error_file.unlink(missing_ok=True)
            gpu, status = gpus.get(), 0
            variables = dict.fromkeys(THREADS, f'{threads}')
            variables['CUDA_VISIBLE_DEVICES'] = gpu
            for _ in ('train', 'test'):
                if self.final() or status or children.are_asked:
                    break
                print(f'{self.arm} {self.seed}: {self.log_file}', flush=True)
                with self.log_file.open('wb') as log:
                    status = children.run(
                        self.next_command(),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        env=os.environ | variables,
                        pass_fds=(lock.fileno(),),
                    )
            gpus.put(gpu)
            if children.are_asked:
                return bool(self.final())
            if not self.final():
                text = f'exit status {status}, no {self.study.metric} after '
                text += f'{self.max_iters} steps\n'
                text += self.log_file.read_text(errors='replace')[-2000:]
                self.error_file.write_text(text)
        return True

    def collect(self) -> dict:
        """Put its numbers together, as an entry of ``runs``."""
        if self.known and not self.scores():
            return self.known
        records, final, error = self.records(), self.final(), None
        step = max((record['step'] for record in records), default=0)
        status = 'finished' if final else 'running' if step else 'pending'
        if not final and self.error_file.is_file():
            status, error = 'failed', self.error_file.read_text()
        rows = [record for record in records if 'loss' in record]
        logged = pd.DataFrame(rows or dict(step=[], time=[]))
        size = math.ceil(len(logged) / MAX_POINTS) or 1
        groups = (
            logged.filter(regex=DIAGNOSTICS)
            .replace([np.inf, -np.inf], np.nan)
            .groupby(np.arange(len(logged)) // size)
        )
        series = {'iter': groups['step'].last()}
        series |= groups.mean().drop(columns='step')
        return dict(
            seed=self.seed,
            run=self.name,
            status=status,
            error=error,
            iters=step,
            curve=[dict(iter=k, **v) for k, v in self.scores().items()],
            final=final,
            diagnostics={k: list(map(_plain, v)) for k, v in series.items()},
            step_s=_plain(logged['time'].median()),
        )


def _plain(value: float) -> float | None:
    """Six digits; None for what json cannot hold."""
    return float(f'{value:.6g}') if math.isfinite(value) else None
