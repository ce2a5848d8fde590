"""A live progress bar of training and evaluation on a terminal."""

from __future__ import annotations

import logging
from typing import Any

from mmdet.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


@HOOKS.register_module()
class RichProgressHook(Hook):
    """Shows step, loss, remaining time and the last score in one line.

    On a terminal mmengine's log lines go to the log file only, warnings
    excepted. Elsewhere (a pipe, a file) there is no bar and mmengine's
    lines stay.

    Args:
        score: Ending of the metric shown, as in ``coco_panoptic/PQ``.
    """

    priority = 'LOW'

    def __init__(self, score: str = 'PQ') -> None:
        self.score = score
        self.last_score: float | None = None
        self.progress: Progress | None = None
        self.handler_levels: dict[logging.Handler, int] = {}

    def before_train(self, runner: Runner) -> None:
        """Start the bar at the step the run goes on from."""
        self._start(runner)
        self._add('train', runner.max_iters, completed=runner.iter)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Move the bar and show the mean loss of the last ten steps."""
        if self.progress is not None:
            self._advance('train', self._train_note(runner))

    def before_val(self, runner: Runner) -> None:
        """Add a bar for the evaluation."""
        self._start(runner)
        self._add('val', len(runner.val_dataloader))

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Move the bar."""
        self._advance('val', 'evaluating')

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Show the score at the training bar from here on."""
        for name, value in (metrics or {}).items():
            if name.endswith(self.score):
                self.last_score = value
        if self.progress is not None and 'train' in self.tasks:
            note = self._train_note(runner)
            self.progress.update(self.tasks['train'], note=note)

    def after_val(self, runner: Runner) -> None:
        """Remove the evaluation's bar."""
        self._remove('val')

    def before_test(self, runner: Runner) -> None:
        """Start the bar of a test."""
        self._start(runner)
        self._add('test', len(runner.test_dataloader))

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Move the bar; stop in time for the table of scores."""
        self._advance('test', 'evaluating')
        if batch_idx + 1 == len(runner.test_dataloader):
            self._stop()

    def after_train(self, runner: Runner) -> None:
        """Stop; a validation during training leaves the bar running."""
        self._stop()

    def after_run(self, runner: Runner) -> None:
        """Stop after a validation on its own."""
        self._stop()

    def _start(self, runner: Runner) -> None:
        console = Console(stderr=True)
        if self.progress or not is_main_process() or not console.is_terminal:
            return
        for handler in runner.logger.handlers:
            if type(handler) is logging.StreamHandler:
                self.handler_levels[handler] = handler.level
                handler.setLevel(logging.WARNING)
        self.tasks: dict = {}
        self.progress = Progress(
            TextColumn('{task.description}'),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn('left'),
            TimeRemainingColumn(),
            TextColumn('{task.fields[note]}'),
            console=console,
        )
        self.progress.start()

    def _add(self, name: str, total: int, completed: int = 0) -> None:
        if self.progress is not None:
            self.tasks[name] = self.progress.add_task(
                name, total=total, completed=completed, note=''
            )

    def _advance(self, name: str, note: str) -> None:
        if self.progress is not None:
            self.progress.update(self.tasks[name], advance=1, note=note)

    def _remove(self, name: str) -> None:
        if self.progress is not None:
            self.progress.remove_task(self.tasks.pop(name))

    def _stop(self) -> None:
        if self.progress is not None:
            self.progress.stop()
            self.progress = None
        for handler, level in self.handler_levels.items():
            handler.setLevel(level)
        self.handler_levels.clear()

    def _train_note(self, runner: Runner) -> str:
        loss = runner.message_hub.get_scalar('train/loss').mean(10)
        if self.last_score is None:
            return f'loss {loss:.3f}'
        return f'loss {loss:.3f}  {self.score} {self.last_score:.1f}'
