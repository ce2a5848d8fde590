"""Trains the arms of a study, seed by seed, and keeps its result."""

from __future__ import annotations

import ctypes
import fcntl
import json
import math
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pandas as pd
import torch
from mmengine.config import Config

from mmremax.utils.cli import find_last_checkpoint
from mmremax.visualization import read_scalars

from .result import SCHEMA
from .study import Study, StudyError, digest_of, fingerprint, resolve

PROGRESS_SECONDS = 60
POLL_SECONDS = 2  # until a run of another runner is looked at again
TOOLS = Path(__file__).resolve().parents[2] / 'tools'
MAX_POINTS = 200  # of a diagnostic; a longer one is averaged
DIAGNOSTICS = r'^step$|^loss$|^grad_norm$|m_hat|fp_fn_ratio'
THREADS = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS')
NOT_SCORES = {'data_time', 'time', 'step', 'iter', 'epoch', 'memory'}
# On Linux a process ends with its parent. Loaded here, before any fork.
_prctl = getattr(ctypes.CDLL(None), 'prctl', None)
END_WITH_PARENT = _prctl and partial(_prctl, 1, signal.SIGKILL)


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

    def train(self, gpus: SimpleQueue[str], threads: int) -> bool:
        """Train, and test if the scores are not those of a validation.

        The process holds the lock too, so that one that outlives a killed
        runner is not joined by a second. It takes one of the `gpus`.

        Returns:
            False while another runner works on the run.
        """
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
                if self.final() or status:
                    break
                print(f'{self.arm} {self.seed}: {self.log_file}', flush=True)
                with self.log_file.open('wb') as log:
                    status = subprocess.run(
                        self.next_command(),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        env=os.environ | variables,
                        pass_fds=(lock.fileno(),),
                        preexec_fn=END_WITH_PARENT,
                    ).returncode
            gpus.put(gpu)
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


def run_study(
    study: Study,
    out: Path,
    data_root: str | None = None,
    jobs: int = 1,
    arms: Sequence[str] = ('*',),
    options: Sequence[str] = (),
) -> Path:
    """Train and test what is not finished of a study.

    Runs go seed by seed, all arms of a seed first, so that a study that is
    cut short is still paired. Several runners share the work: each claims
    runs that no other has.

    Args:
        out: Folder of ``runs`` and, by name of the study, of results.
        data_root: Folder of the data; None keeps the configs'.
        jobs: Runs at a time; threads and GPUs are divided among them.
        arms: Names or patterns of the arms to run.
        options: Other settings of inference, see `Run`; the result is then
            ``rescored.json``.

    Returns:
        The file of the result, written after each run; failed runs have an
        ``error``.
    """
    folder = out / study.file.stem
    file = folder / f'{"rescored" if options else "result"}.json'
    configs = [resolve(study, arm, data_root) for arm in study.arms]
    runs = [
        Run(study, arm.name, seed, cfg, out / 'runs', options)
        for seed in study.seeds
        for arm, cfg in zip(study.arms, configs, strict=True)
    ]
    asked = [r for r in runs if any(fnmatch(r.arm, name) for name in arms)]
    if not asked:
        raise StudyError(
            f'{study.file}: --arms: {" ".join(arms)} is none of the arms '
            f'{", ".join(arm.name for arm in study.arms)}.'
        )
    for run in asked:
        link = folder / run.arm / f'seed{run.seed}'
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(run.path, link.parent))
    known = _finished_runs(file)
    for run in runs:
        run.known = known.get(run.name, {})
    todo = [run for run in asked if not run.final()]
    write_result(file, study, runs)
    names = ','.join(map(str, range(torch.cuda.device_count())))
    names = os.environ.get('CUDA_VISIBLE_DEVICES') or names
    gpus: SimpleQueue[str] = SimpleQueue()
    for name in islice(cycle(names.split(',')), jobs):
        gpus.put(name)
    threads = int(os.environ.get('OMP_NUM_THREADS') or os.cpu_count() or 1)
    threads = max(1, threads // jobs)
    pool = ThreadPoolExecutor(jobs)
    try:
        while todo:
            futures = {pool.submit(r.train, gpus, threads): r for r in todo}
            waiting = set(futures)
            while waiting:
                done, waiting = wait(
                    waiting, PROGRESS_SECONDS, FIRST_COMPLETED
                )
                ended = [futures[f] for f in done if f.result()]
                todo = [run for run in todo if run not in ended]
                if ended:
                    write_result(file, study, runs)
                if ended or not done:
                    print(_progress(asked, len(todo)), flush=True)
            time.sleep(POLL_SECONDS if todo else 0)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return file


def _finished_runs(file: Path) -> dict[str, dict]:
    """Read the finished runs of a result, by name."""
    if not file.is_file():
        return {}
    try:
        arms = json.loads(file.read_text())['arms']
        runs = [run for arm in arms for run in arm['runs']]
        return {
            run['run']: run
            for run in runs
            if run['status'] == 'finished' and 'run' in run
        }
    except (LookupError, TypeError, ValueError) as error:
        raise StudyError(
            f'{file} is no result to go on from ({error!r}): remove it, or '
            'put a whole one there.'
        ) from None


def _progress(runs: Sequence[Run], num_todo: int) -> str:
    steps = [r['step'] for run in runs for r in run.records()[-1:]]
    return (
        f'{len(runs) - num_todo} of {len(runs)} runs are finished, '
        f'{sum(steps)} of {sum(run.max_iters for run in runs)} steps'
    )


def write_result(file: Path, study: Study, runs: Sequence[Run]) -> None:
    """Write the result as it stands."""
    git = ['git', 'describe', '--always', '--dirty', '--exclude=*']
    git = subprocess.run(git, cwd=TOOLS, capture_output=True, text=True)
    about = vars(study) | dict(
        name=study.file.stem,
        command=shlex.join(['python', *sys.argv]),
        commit=git.stdout.strip(),
        torch=torch.__version__,
    )
    arms = [
        vars(arm)
        | dict(
            config=os.path.relpath(arm.config, TOOLS.parent),
            runs=[run.collect() for run in runs if run.arm == arm.name],
        )
        for arm in about.pop('arms')
    ]
    content = dict(schema=SCHEMA, study=about, arms=arms)
    text = json.dumps(content, allow_nan=False, default=str) + '\n'
    beside = file.with_suffix(f'.{os.getpid()}.tmp')
    beside.write_text(text)
    beside.replace(file)
