"""Runs the arms of a study, seed by seed, and keeps the result up to date."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import Any

from mmremax.utils.cli import find_last_checkpoint

from .collect import (
    curve_of,
    final_scores,
    last_step,
    read_records,
)
from .commands import (
    Launch,
    picture_command,
    test_command,
    train_command,
)
from .machine import (
    describe_machine,
    share,
    total_threads,
)
from .pace import (
    Pace,
    steps_done,
)
from .plan import (
    find_runs,
    plan_runs,
)
from .process import (
    Process,
    describe_exit,
)
from .progress import (
    StudyProgress,
    duration,
)
from .result import build_result
from .reuse import (
    find_finished,
    take_over,
)
from .run_folder import (
    RunFolder,
    write_json,
)
from .settings import (
    check_data,
    resolve,
)
from .study import (
    Study,
    StudyError,
)
from .study_lock import StudyLock

POLL_SECONDS = 0.25
SHOW_SECONDS = 2.0  # between two looks at the logs of a run


class StudyRunner:
    """Runs a study; a killed call is gone on with by the next one.

    Runs go seed by seed, all arms of a seed first, so that a study that is
    cut short is still paired. Each is a process of its own.

    Args:
        study: What to run.
        out: Folder of result.json and of the runs.
        data_root: Folder of the data; None keeps the configs'.
        jobs: Runs at a time; the threads are divided among them.
        budget: Minutes of this call; None takes the study's.
        arms: Names of the arms to run; None is all.
        retry_failed: Run failed runs again, from their last checkpoint.
        reuse: Folder of studies; their finished runs of equal settings are
            copied instead of trained again.
        command: Makes the command of a run (tests replace it).
    """

    def __init__(
        self,
        study: Study,
        out: str | Path,
        data_root: str | None = None,
        jobs: int = 1,
        budget: float | None = None,
        arms: list[str] | None = None,
        retry_failed: bool = False,
        reuse: Path | None = None,
        command: Launch = train_command,
    ) -> None:
        known = [arm.name for arm in study.arms]
        for name in arms or []:
            if name not in known:
                raise StudyError(
                    f'{study.file}: --arms: {name} is none of the arms '
                    f'{", ".join(known)}.'
                )
        if jobs < 1:
            raise StudyError(f'--jobs must be at least 1, not {jobs}.')
        self.study = study
        self.out = Path(out)
        self.data_root = data_root
        self.jobs = jobs
        self.budget = study.budget if budget is None else budget
        self.chosen = set(arms or known)
        self.retry_failed = retry_failed
        self.finished = {} if reuse is None else find_finished(reuse)
        self.command = command
        self.threads = max(1, total_threads() // jobs)
        self.configs = {
            arm.name: resolve(study, arm, data_root) for arm in study.arms
        }
        self.runs = find_runs(study, self.out)
        self.pace = Pace(self.runs)
        self.active: dict[RunFolder, Process] = {}

    def run(self) -> dict[str, Any]:
        """Run what is not finished.

        Returns:
            The content of result.json.

        Raises:
            StudyError: Before anything runs: a finished or begun run had
                other settings, data are missing, another call is at work.
        """
        for name in self.chosen:
            check_data(self.study, self.configs[name])
        self.machine = describe_machine(self.threads)
        with StudyLock(self.out / '.lock') as self.lock:
            self.settings, self.queue = plan_runs(
                self.study,
                self.runs,
                self.configs,
                self.chosen,
                self.retry_failed,
            )
            taken = [
                folder
                for folder in self.queue
                if take_over(folder, self.settings[folder], self.finished)
            ]
            self.queue = [f for f in self.queue if f not in taken]
            self.all = list(self.queue)
            for folder in self.queue:
                folder.write_config(self.configs[folder.arm])
            self.started = time.monotonic()
            total = sum(f.state['max_iters'] for f in self.all)
            try:
                with StudyProgress(total) as self.progress:
                    for folder in taken:
                        source = folder.state['reused_from']
                        self.progress.note(f'{folder.label}: from {source}')
                    self._work()
            finally:
                for folder, process in self.active.items():
                    process.kill()
                    self._record_cost(folder, process)
                result = self._write_result()
        return result

    def _work(self) -> None:
        """Keep up to `jobs` processes going until the queue is empty."""
        shown = 0.0
        self._write_result()
        while self.queue or self.active:
            while self.queue and len(self.active) < self.jobs:
                if self._exceeds_budget(self.queue[0]):
                    self._stop_at_budget()
                    break
                self._start(self.queue.pop(0))
            for folder, process in list(self.active.items()):
                status = process.poll()
                if status is not None:
                    del self.active[folder]
                    self._end(folder, process, status)
            if time.monotonic() - shown > SHOW_SECONDS:
                self._show()
                shown = time.monotonic()
            if self.active:
                time.sleep(POLL_SECONDS)

    def _start(self, folder: RunFolder) -> None:
        """Start a run, or go on with it from its last checkpoint."""
        begun = steps_done(folder)
        folder.update(
            status='running', error=None, settings=self.settings[folder]
        )
        command = self.command(folder, list(self.study.train_arguments))
        self._launch(folder, command)
        self.progress.begin(folder, begun)
        text = f'goes on, was at step {begun}' if begun else 'starts'
        expected = self.pace.expected_seconds(folder, begun)
        if expected is not None:
            text += f', {duration(expected)} expected'
        self.progress.note(f'{folder.label}: {text}')
        self._write_result()

    def _launch(
        self, folder: RunFolder, command: list[str], stage: str = 'train'
    ) -> None:
        """Start a process with its share of threads and its GPU."""
        busy = [process.gpu for process in self.active.values()]
        environment, gpu = share(self.threads, busy)
        environment['PYTHONUNBUFFERED'] = '1'
        process = Process(
            command, folder.log_file, environment, self.lock.descriptor
        )
        process.gpu = gpu
        process.stage = stage
        process.spent = folder.state['wall_s']
        process.first_step = steps_done(folder)
        self.active[folder] = process

    def _end(self, folder: RunFolder, process: Process, status: int) -> None:
        """Record how a process ended; score a run whose end was lost."""
        self._record_cost(folder, process)
        checkpoint = find_last_checkpoint(str(folder.work_dir))
        score = self._final_score(folder)
        if process.stage == 'pictures':
            pass  # a run is finished without them too
        elif status:
            words = process.last_words()
            self._fail(folder, f'{describe_exit(status)}\n{words}'.strip())
        elif score is not None:
            folder.update(status='finished')
            self.progress.note(
                f'{folder.label}: finished, {self.study.score} {score:.2f}, '
                f'{duration(folder.state["wall_s"])}'
            )
            if checkpoint and folder.seed == self.study.seeds[0]:
                command = picture_command(folder, checkpoint)
                self._launch(folder, command, 'pictures')
                return
        elif folder.scores_file.is_file():
            self._fail(
                folder,
                f'no {self.study.metric} after the last step: metric must '
                'name a score of val_evaluator',
            )
        elif checkpoint:
            self._launch(folder, test_command(folder, checkpoint), 'test')
            return
        else:
            self._fail(folder, 'the training left no checkpoint')
        self.progress.end(folder)
        self._write_result()

    def _final_score(self, folder: RunFolder) -> float | None:
        metric = self.study.metric
        curve = curve_of(read_records(folder), metric)
        scores = final_scores(folder, metric, folder.state['max_iters'], curve)
        return scores.get(self.study.score)

    def _fail(self, folder: RunFolder, error: str) -> None:
        folder.update(status='failed', error=error)
        self.progress.note(
            f'{folder.label}: failed: {error.splitlines()[-1]} '
            f'(log: {folder.log_file})',
            style='red',
        )

    @staticmethod
    def _record_cost(folder: RunFolder, process: Process) -> None:
        """Add a process's time and memory to those of earlier starts."""
        if process.stage == 'pictures':
            return
        peaks = [folder.state['peak_memory_mb'], process.peak_memory_mb]
        folder.update(
            wall_s=process.spent + process.seconds,
            peak_memory_mb=max((p for p in peaks if p), default=None),
        )

    def _exceeds_budget(self, folder: RunFolder) -> bool:
        """Whether a run that starts now would end after the budget."""
        if self.budget is None:
            return False
        left = self.budget * 60 - (time.monotonic() - self.started)
        needed = self.pace.expected_seconds(folder, steps_done(folder))
        return left <= (needed or 0)

    def _stop_at_budget(self) -> None:
        labels = '; '.join(folder.label for folder in self.queue)
        self.progress.note(
            f'The budget of {self.budget:g} minutes would be exceeded, not '
            f'started: {labels}. The same command goes on with them.',
            style='yellow',
        )
        self.queue.clear()

    def _show(self) -> None:
        """Keep the cost of what runs on disk; move the bars."""
        for folder, process in self.active.items():
            self._record_cost(folder, process)
            self._move(folder, process)
        waiting = [*self.queue, *self.active]
        steps = {folder: steps_done(folder) for folder in waiting}
        over = [f.state['max_iters'] for f in self.all if f not in waiting]
        left = [
            self.pace.expected_seconds(folder, step)
            for folder, step in steps.items()
        ]
        self.progress.total(
            sum(over) + sum(steps.values()),
            None if None in left else sum(left) / self.jobs,
        )

    def _move(self, folder: RunFolder, process: Process) -> None:
        """Show the step and the last score of a run; learn its pace."""
        records = read_records(folder)
        step = last_step(records)
        if step > process.first_step and process.mark is None:
            process.mark = process.seconds, step  # its start-up is over
        if process.mark is not None:
            seconds, first = process.mark
            seconds = process.seconds - seconds
            self.pace.observe(folder, seconds, step - first)
        curve = curve_of(records, self.study.metric)
        score = curve[-1].get(self.study.score) if curve else None
        note = '' if score is None else f'{self.study.score} {score:.1f}'
        self.progress.move(folder, step, note)

    def _write_result(self) -> dict[str, Any]:
        command = shlex.join(['python', *sys.argv])
        result = build_result(
            self.study, self.runs, self.machine, command, self.out
        )
        write_json(self.out / 'result.json', result)
        return result
