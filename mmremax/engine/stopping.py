"""A run that is asked to stop writes a checkpoint, says so, and leaves."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size, is_main_process
from mmengine.hooks import CheckpointHook, EMAHook, Hook
from mmengine.runner import IterBasedTrainLoop, Runner

STOPPED = os.EX_TEMPFAIL  # 75: nothing is lost, call again with --resume
CUT = 'validation_is_cut'  # in a checkpoint
SIGNALS = (signal.SIGINT, signal.SIGTERM)
# torchrun hands on what the terminal has sent to its processes already.
ONE_REQUEST = 1.0  # seconds


class RunStoppedError(Exception):
    """A run ended because it was asked to; the text is for the user."""


class StopRequest:
    """Takes SIGINT and SIGTERM while it is open, in the main thread.

    The first is a request: before the first step there is nothing to save,
    and a KeyboardInterrupt ends the run; from then on `StopHook` answers at
    the end of the step. The second ends the process at once, also where
    Python waits for a library.

    On leaving, an error that the request led to is replaced by one line.

    Attributes:
        number: The signal that has come, else 0.
        hook: To be registered with the runner.
        status: Exit status of the command, known at the end.
    """

    def __init__(self) -> None:
        self.number = 0
        self.status = 0
        self.hook = StopHook(self)
        self._owner = os.getpid()
        self._time = 0.0
        self._handlers: dict[int, Any] = {}

    @property
    def name(self) -> str:
        """Name of the signal."""
        return signal.Signals(self.number).name

    def __enter__(self) -> StopRequest:
        for number in SIGNALS:
            handler = signal.getsignal(number)
            if handler is not signal.SIG_IGN:  # a shell's background job
                self._handlers[number] = handler
                signal.signal(number, self._handle)
        return self

    def __exit__(self, kind: type | None, error: Any, trace: Any) -> bool:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if not self.number or error is None:
            return False
        self.status = STOPPED
        if not isinstance(error, RunStoppedError):
            error = self.hook.save_between_steps()
        if error is None:
            self.status = 128 + self.number
            error = f'Stopped by {self.name}; no checkpoint was written.'
        if is_main_process():
            print(error, file=sys.stderr)
        return True

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._owner:
            return  # a loader's worker, which ends with its owner
        now = time.monotonic()
        if self.number:
            if now - self._time > ONE_REQUEST:
                signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)
            return
        self.number, self._time = number, now
        if get_world_size() == 1:
            for one in self._handlers:
                signal.signal(one, signal.SIG_DFL)
        if not self.hook.has_begun:
            raise KeyboardInterrupt
        # Printing is not safe in a handler.
        os.write(2, b'\nStopping after this step; again: at once.\n')
        # A group's signal ends loader workers, too: no error of theirs now.
        self.hook.ignore_children()


class StopHook(Hook):
    """Answers a `StopRequest` after a step, when every rank knows of it.

    A step that accumulates its gradient goes on to its update: no
    checkpoint holds half of one. A validation ends after the image, in a
    run of several processes at its own end; a resumed run begins with it.
    """

    priority = 'LOWEST'

    def __init__(self, request: StopRequest) -> None:
        self.request = request
        self.runner: Runner | None = None
        self.in_step = False
        self.in_validation = False
        self._watch_children: Callable | int | None = None

    @property
    def has_begun(self) -> bool:
        """Whether a step has begun."""
        return self.runner is not None

    def before_train(self, runner: Runner) -> None:
        """Make up for the validation that the stop cut short."""
        if runner.message_hub.runtime_info.pop(CUT, False):
            runner.val_loop.run()

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """From here on a checkpoint can be written."""
        self.runner, self.in_step = runner, True

    def after_train_iter(
        self, runner: Runner, batch_idx: int, *_: Any, **__: Any
    ) -> None:
        """Leave if any rank was asked to."""
        self.in_step = False
        if self._watch_children is not None:
            signal.signal(signal.SIGCHLD, self._watch_children)
        self._answer(runner.iter + 1)

    def before_val_epoch(self, runner: Runner) -> None:
        """From here on EMAHook validates its average."""
        self.in_validation = True

    def after_val_epoch(self, runner: Runner, metrics: Any = None) -> None:
        """Its average is put away."""
        self.in_validation = False

    def after_val_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        """Leave a validation of one process."""
        if self.has_begun and get_world_size() == 1:
            self._answer(runner.iter)

    def after_val(self, runner: Runner) -> None:
        """Leave after a validation."""
        if self.has_begun:
            self._answer(runner.iter)

    def ignore_children(self) -> None:
        """Let the step end, even if a loader's worker has died."""
        if self.in_step:
            self._watch_children = signal.getsignal(signal.SIGCHLD)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def save_between_steps(self) -> RunStoppedError | None:
        """Write a checkpoint after an error, if it came between two steps.

        Of several processes the others are no longer there to write it.
        """
        if self.runner is None or self.in_step or get_world_size() > 1:
            return None
        step = self.runner.iter
        return self._leave(step) if self._is_whole(step) else None

    def _answer(self, step: int) -> None:
        if self._is_whole(step) and self._is_asked():
            raise self._leave(step)

    def _is_whole(self, step: int) -> bool:
        wrapper = self.runner.optim_wrapper
        return step % getattr(wrapper, '_accumulative_counts', 1) == 0

    def _leave(self, step: int) -> RunStoppedError:
        """Write the step's checkpoint, close the logs, and say so."""
        runner = self.runner
        if self.in_validation:
            runner.message_hub.update_info(CUT, True)
            for hook in runner.hooks:
                if isinstance(hook, EMAHook):  # the weights of the training
                    hook.after_val_epoch(runner)
        text = f'Stopped by {self.request.name} after step {step}'
        if isinstance(runner.train_loop, IterBasedTrainLoop):
            text += f': {self._save(step)} is written; --resume goes on.'
        else:  # mmengine resumes at the beginning of an epoch
            text += '; --resume goes on from the last checkpoint.'
        runner.call_hook('after_run')
        return RunStoppedError(text)

    def _save(self, step: int) -> str:
        runner = self.runner
        (hook,) = (h for h in runner.hooks if isinstance(h, CheckpointHook))
        name = hook.filename_tmpl.format(step)
        if Path(hook.last_ckpt or '').name != name:
            meta = dict(epoch=runner.epoch, iter=step)
            hook._save_checkpoint_with_step(runner, step, meta)
        return hook.last_ckpt

    def _is_asked(self) -> bool:
        number = torch.tensor(self.request.number)
        all_reduce(number, 'max')
        self.request.number = int(number)
        return self.request.number > 0
