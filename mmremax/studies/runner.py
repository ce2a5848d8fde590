"""Trains the arms of a study, seed by seed, and keeps its result."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from fnmatch import fnmatch
from itertools import cycle, islice
from pathlib import Path
from queue import SimpleQueue

import torch

from .children import Children
from .result import SCHEMA
from .run import TOOLS, Run
from .study import Study, StudyError, count_images, resolve

PROGRESS_SECONDS = 60
POLL_SECONDS = 2  # until a run of another runner is looked at again


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
    images = {}
    for arm, cfg in zip(study.arms, configs, strict=True):
        images[arm.name] = train, val = count_images(cfg)
        print(f'{arm.name}: {train} images to train on, {val} to validate')
    for run in asked:
        link = folder / run.arm / f'seed{run.seed}'
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(run.path, link.parent))
    known = _finished_runs(file)
    for run in runs:
        run.known = known.get(run.name, {})
    todo = [run for run in asked if not run.final()]
    write_result(file, study, runs, images)
    gpus = _gpus(jobs)
    threads = int(os.environ.get('OMP_NUM_THREADS') or os.cpu_count() or 1)
    threads = max(1, threads // jobs)
    pool = ThreadPoolExecutor(jobs)
    try:
        with Children() as children:
            how = gpus, threads, children
            while todo and not children.are_asked:
                futures = {pool.submit(r.train, *how): r for r in todo}
                waiting = set(futures)
                while waiting:
                    done, waiting = wait(
                        waiting, PROGRESS_SECONDS, FIRST_COMPLETED
                    )
                    ended = [futures[f] for f in done if f.result()]
                    todo = [run for run in todo if run not in ended]
                    if ended:
                        write_result(file, study, runs, images)
                    if ended or not done:
                        print(_progress(asked, len(todo)), flush=True)
                time.sleep(POLL_SECONDS if todo else 0)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    if todo:
        write_result(file, study, runs, images)
        raise KeyboardInterrupt
    return file


def _gpus(jobs: int) -> SimpleQueue[str]:
    """Deal the GPUs out to what runs at a time."""
    names = ','.join(map(str, range(torch.cuda.device_count())))
    names = os.environ.get('CUDA_VISIBLE_DEVICES') or names
    gpus: SimpleQueue[str] = SimpleQueue()
    for name in islice(cycle(names.split(',')), jobs):
        gpus.put(name)
    return gpus


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


def write_result(
    file: Path,
    study: Study,
    runs: Sequence[Run],
    images: Mapping[str, tuple[int, int]],
) -> None:
    """Write the result as it stands; `images` as `count_images`, by arm."""
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
            images=images[arm.name],
            runs=[run.collect() for run in runs if run.arm == arm.name],
        )
        for arm in about.pop('arms')
    ]
    content = dict(schema=SCHEMA, study=about, arms=arms)
    text = json.dumps(content, allow_nan=False, default=str) + '\n'
    beside = file.with_suffix(f'.{os.getpid()}.tmp')
    beside.write_text(text)
    beside.replace(file)
