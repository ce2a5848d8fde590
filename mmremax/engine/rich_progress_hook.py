"""Progress of training and evaluation: a bar, or lines of text."""

from __future__ import annotations

import logging
import time
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
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

SECONDS = 10.0  # between two lines; steps of 10 s leave no gap over 20 s


@HOOKS.register_module()
class RichProgressHook(Hook):
    """Shows step, loss, last score and remaining time.

    On a terminal it is a bar, and mmengine's log lines, warnings excepted, go
    to the log file only. Elsewhere (a pipe, a file) it is a log line every
    ten seconds, or after every step if one takes longer.

    Args:
        score: Ending of the metric shown, as in ``coco_panoptic/PQ``.
    """

    priority = 'LOW'

    def __init__(self, score: str = 'PQ') -> None:
        self.score = score
        self.last_score = ''
        self.progress: Progress | None = None
        self.tasks: dict[str, TaskID] = {}
        self.last_line = float('-inf')
        self.handler_levels: dict[logging.Handler, int] = {}

    def _before_epoch(self, runner: Runner, mode: str = 'train') -> None:
        """Start at the step that the run continues from."""
        if mode in self.tasks or not is_main_process():
            return
        if self.progress is None:
            self._start(runner)
        if mode == 'train':
            total, completed = runner.max_iters, runner.iter
        else:  # asking for the iterations would open the training data
            total, completed = len(getattr(runner, f'{mode}_dataloader')), 0
        self.tasks[mode] = self.progress.add_task(
            mode, total=total, completed=completed, note=''
        )

    def _after_iter(
        self, runner: Runner, batch_idx: int, *_: Any, mode: str, **__: Any
    ) -> None:
        """Move on; stop a test in time for the table of its scores."""
        if mode not in self.tasks:
            return
        self.progress.advance(self.tasks[mode])
        if mode == 'train':
            self._show_loss(runner)
        if self.progress.disable:
            self._log(runner, mode)
        if mode == 'test' and batch_idx + 1 == len(runner.test_dataloader):
            self.after_run(runner)

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Show the score from here on."""
        for name, value in (metrics or {}).items():
            if name.endswith(self.score):
                self.last_score = f'  {self.score} {value:.1f}'
        if 'val' in self.tasks:
            self.progress.remove_task(self.tasks.pop('val'))
        if 'train' in self.tasks:
            self._show_loss(runner)

    def after_train(self, runner: Runner) -> None:
        """Stop; a validation during training leaves the bar running."""
        self.after_run(runner)

    def after_run(self, runner: Runner) -> None:
        """Stop, and give the terminal back to mmengine's log."""
        if self.progress is not None:
            self.progress.stop()
            self.progress = None
        self.tasks.clear()
        for handler, level in self.handler_levels.items():
            handler.setLevel(level)
        self.handler_levels.clear()

    def _start(self, runner: Runner) -> None:
        console = Console(stderr=True)
        self.progress = Progress(
            TextColumn('{task.description}'),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn('left'),
            TimeRemainingColumn(),
            TextColumn('{task.fields[note]}'),
            console=console,
            speed_estimate_period=300,
            disable=not console.is_terminal,
        )
        if self.progress.disable:
            return
        for handler in runner.logger.handlers:
            if type(handler) is logging.StreamHandler:
                self.handler_levels[handler] = handler.level
                handler.setLevel(logging.WARNING)
        self.progress.start()

    def _show_loss(self, runner: Runner) -> None:
        loss = runner.message_hub.get_scalar('train/loss').mean(10)
        note = f'loss {loss:.3f}{self.last_score}'
        self.progress.update(self.tasks['train'], note=note)

    def _log(self, runner: Runner, mode: str) -> None:
        now = time.monotonic()
        if now - self.last_line < SECONDS:
            return
        self.last_line = now
        task = self.progress.tasks[-1]  # a validation comes after the training
        text = f'{mode} {task.completed}/{task.total}  {task.fields["note"]}'
        left = TimeRemainingColumn().render(task)
        runner.logger.info(f'{text}  {left} left')
