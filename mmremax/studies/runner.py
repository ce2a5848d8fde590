"""Trains the arms of a study, seed by seed, and keeps its result."""

from __future__ import annotations

import ctypes
import os
import platform
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import TextIO

import torch

from .result import SCHEMA
from .run import Run, write_json
from .settings import resolve
from .study import Study, StudyError

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
POLL_SECONDS = 0.25
SHOW_SECONDS = 2 if sys.stderr.isatty() else 20


class Job:
    """A process that works on a run, in a process group of its own.

    On Linux it ends with its parent. It holds the lock of the run too, so
    that one that outlives a killed runner is not joined by a second.

    Args:
        run: Whose.
        lock: See `Run.lock`.
        variables: Of the environment: its threads and its GPU.
    """

    def __init__(
        self, run: Run, lock: TextIO, variables: dict[str, str]
    ) -> None:
        self.run = run
        self.lock = lock
        self.variables = variables
        self.first_step = run.step()
        self.command = run.next_command()
        with run.log_file.open('ab') as log:
            self.log_start = log.tell()
            self.popen = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | variables,
                start_new_session=True,
                pass_fds=(lock.fileno(),),
                preexec_fn=_end_with_parent(),
            )

    def kill(self) -> None:
        """End it and its own children; checkpoints are safe against it."""
        os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def last_words(self) -> str:
        """Say how the process ended, and what it printed last."""
        status, study = self.popen.returncode, self.run.study
        end = f'exit status {status}'
        if status == 0:
            end += f', but no {study.metric} after {self.run.max_iters} steps'
        if status < 0:
            end = f'killed by {signal.Signals(-status).name}'
        text = self.run.log_file.read_bytes()[self.log_start :]
        lines = text.decode(errors='replace').splitlines()
        lines = [line.rstrip() for line in lines if line.strip()]
        return '\n'.join([end, *lines[-12:]])[-2000:]


class StudyRunner:
    """Runs what is not finished of a study.

    Runs go seed by seed, all arms of a seed first, so that a study that is
    cut short is still paired. Several runners share the work: each claims
    runs that no other has.

    Args:
        study: What to run.
        out: Folder of ``runs`` and, by name of the study, of results.
        data_root: Folder of the data; None keeps the configs'.
        jobs: Runs at a time; threads and GPUs are divided among them.
        arms: Names or patterns of the arms to run.
        options: Other settings of inference, see `Run`; the result is then
            ``rescored.json``.
        tools: Folder of train.py and test.py.

    Raises:
        StudyError: The study cannot be run.
    """

    def __init__(
        self,
        study: Study,
        out: Path,
        data_root: str | None = None,
        jobs: int = 1,
        arms: Sequence[str] = ('*',),
        options: Sequence[str] = (),
        tools: Path = TOOLS,
    ) -> None:
        self.study = study
        self.folder = out / study.file.stem
        self.file = self.folder / f'{"rescored" if options else "result"}.json'
        self.jobs = jobs
        configs = {a.name: resolve(study, a, data_root) for a in study.arms}
        self.runs = [
            Run(study, name, seed, cfg, out / 'runs', options, tools)
            for seed in study.seeds
            for name, cfg in configs.items()
        ]
        self.todo = [
            run
            for run in self.runs
            if any(fnmatch(run.arm, pattern) for pattern in arms)
        ]
        if not self.todo:
            raise StudyError(
                f'{study.file}: --arms: {" ".join(arms)} is none of the arms '
                f'{", ".join(configs)}.'
            )
        self.active: list[Job] = []
        self.steps = 0  # done by processes of this call that have ended

    def run(self) -> Path:
        """Train, test, and write the result after each run.

        Returns:
            The file of the result; failed runs have an ``error``.
        """
        for run in self.todo:
            self._link(run)
        self.todo = [run for run in self.todo if not run.final()]
        self.total, self.started, self.shown = len(self.todo), time.time(), 0.0
        try:
            self.write()
            while self.todo or self.active:
                for job in list(self.active):
                    if job.popen.poll() is not None:
                        self._end(job)
                for run in list(self.todo):
                    if len(self.active) < self.jobs and (lock := run.lock()):
                        self.todo.remove(run)
                        self._go_on(run, lock)
                self._show()
                time.sleep(POLL_SECONDS)
        finally:
            for job in self.active:
                job.kill()
            self.write()
        return self.file

    def write(self) -> None:
        """Write the result as it stands."""
        study, keys = self.study, ['title', 'claim', 'paper', 'baseline']
        git = ['git', 'describe', '--always', '--dirty', '--exclude=*']
        git = subprocess.run(git, cwd=TOOLS, capture_output=True, text=True)
        on_gpu = torch.cuda.is_available()
        content = dict(
            schema=SCHEMA,
            study=dict(
                name=study.file.stem,
                file=str(study.file),
                command=shlex.join(['python', *sys.argv]),
                **{key: getattr(study, key) for key in [*keys, 'metric']},
            ),
            machine=dict(
                device=torch.cuda.get_device_name() if on_gpu else 'cpu',
                threads=_threads() // self.jobs,
                platform=platform.platform(),
                torch=torch.__version__,
                commit=git.stdout.strip(),
            ),
            arms=[
                dict(
                    name=arm.name,
                    title=arm.title,
                    config=os.path.relpath(arm.config, TOOLS.parent),
                    options=arm.options,
                    runs=[r.collect() for r in self.runs if r.arm == arm.name],
                )
                for arm in study.arms
            ],
        )
        write_json(self.file, content)

    def _link(self, run: Run) -> None:
        """Let ARM/seedN lead to the run; say if its settings are new."""
        link = self.folder / run.arm / f'seed{run.seed}'
        link.parent.mkdir(parents=True, exist_ok=True)
        target = os.path.relpath(run.path, link.parent)
        if link.is_symlink() and os.readlink(link) != target:
            say(f'{run.label}: new settings; the old run is {link.resolve()}')
            link.unlink()
        if not link.is_symlink():
            link.symlink_to(target)

    def _go_on(self, run: Run, lock: TextIO) -> None:
        """Start the next process of a run, unless another runner did it."""
        if run.final():
            lock.close()
            return
        run.error_file.unlink(missing_ok=True)
        threads = str(max(1, _threads() // self.jobs))
        variables = dict(OMP_NUM_THREADS=threads, MKL_NUM_THREADS=threads)
        if len(gpus := _gpus()) > 1:
            name = 'CUDA_VISIBLE_DEVICES'
            used = [job.variables[name] for job in self.active]
            variables[name] = min(gpus, key=used.count)
        self.active.append(Job(run, lock, variables))

    def _end(self, job: Job) -> None:
        """Record how a process ended; test what is trained."""
        run, failed = job.run, job.popen.returncode != 0
        self.active.remove(job)
        self.steps += run.step() - job.first_step
        final = run.final()
        if not final and not failed:
            if run.next_command() != job.command:
                self._go_on(run, job.lock)
                return
            failed = True  # the same again would help no more
        job.lock.close()
        if failed:
            run.error_file.write_text(job.last_words())
            say(f'{run.label}: failed, see {run.log_file}')
        else:
            score = self.study.score
            say(f'{run.label}: finished, {score} {final[score]:.2f}')
        self.write()

    def _show(self) -> None:
        """Print where the study is; on a terminal always in one line."""
        runs = [*self.todo, *(job.run for job in self.active)]
        if time.time() - self.shown < SHOW_SECONDS or not runs:
            return
        self.shown = time.time()
        steps = [(job, job.run.step()) for job in self.active]
        done = self.steps + sum(step - job.first_step for job, step in steps)
        text = '; '.join(
            f'{job.run.label}: step {step} of {job.run.max_iters}'
            for job, step in steps
        )
        text = text or 'waiting for runs of another process'
        if done:
            left = sum(run.max_iters - run.step() for run in runs)
            seconds = (self.shown - self.started) * left / done
            text += f'; about {timedelta(seconds=round(seconds))} left'
        ended = self.total - len(runs)
        say(f'[{ended} of {self.total}] {text}', stays=False)


def say(text: str, stays: bool = True) -> None:
    """Print a line; one that does not stay is replaced on a terminal."""
    if sys.stderr.isatty():
        text = f'\r\x1b[K{text}'
    end = '\n' if stays or not sys.stderr.isatty() else ''
    print(text, end=end, file=sys.stderr, flush=True)


def _threads() -> int:
    """Threads for all jobs together: OMP_NUM_THREADS, or the cores."""
    text = os.environ.get('OMP_NUM_THREADS', '')
    return int(text) if text.isdigit() and int(text) else os.cpu_count() or 1


def _gpus() -> list[str]:
    """Names of the GPUs as CUDA_VISIBLE_DEVICES has them."""
    if named := os.environ.get('CUDA_VISIBLE_DEVICES'):
        return named.split(',')
    return [str(i) for i in range(torch.cuda.device_count())]


def _end_with_parent() -> Callable[[], None] | None:
    """Prepare what a child calls; all is loaded before the fork."""
    if sys.platform != 'linux':
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
