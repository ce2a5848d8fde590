"""Runs of the tools in forks: cheap, and free to be killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from mmdet.registry import HOOKS
from mmengine.hooks import Hook

from mmremax_runtime.cli import run_command


class Fork:
    """A function in a fork, whose errors are kept."""

    def __init__(self, function: Callable[[], object], **environment: str):
        self.file = tempfile.NamedTemporaryFile('r')
        context = multiprocessing.get_context('fork')
        self.process = context.Process(
            target=self._run, args=(function, environment)
        )
        self.process.start()
        self.pid = self.process.pid

    def _run(self, function: Callable[[], object], environment: dict) -> None:
        os.setsid()
        with open(self.file.name, 'w') as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        os.environ.update(environment)
        torch.set_num_threads(1)  # those of the parent are gone
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stdout = sys.stderr = open(2, 'w', closefd=False)
        status = function()
        sys.stdout.flush()
        os._exit(status or 0)

    def wait(self, timeout: float | None = None) -> int | None:
        """Return the exit status, None if it still runs."""
        self.process.join(timeout)
        return self.process.exitcode

    def errors(self) -> str:
        """Read what was printed."""
        return Path(self.file.name).read_text()


def fork(function: Callable[[], object], **environment: str) -> Fork:
    """Call a function in a fork of this process."""
    return Fork(function, **environment)


@HOOKS.register_module()
class SendSignal(Hook):
    """Sends this process one signal at a point of a step, counted from 1."""

    def __init__(self, where: str, step: int, number: int) -> None:
        self.step, self.number, self.is_sent = step, number, False
        setattr(self, where, self._send)

    def _send(self, runner: object, *_: object, **__: object) -> None:
        done = getattr(runner._train_loop, '_iter', 0)
        if not runner.model.training:  # a validation is of the last step
            done -= 1
        if done + 1 == self.step and not self.is_sent:
            self.is_sent = True
            os.kill(os.getpid(), self.number)


def train_tool(
    config: Path,
    *options: str,
    signal_at: tuple[str, int, int] | None = None,
) -> int:
    """Call `mmremax train`, which may send itself a signal.

    Args:
        config: Path of the config.
        options: Of the command line.
        signal_at: Hook point, step and number of a signal.
    """
    if signal_at is not None:
        hook = dict(zip(('where', 'step', 'number'), signal_at, strict=True))
        hook = dict(hook, type='SendSignal', number=int(signal_at[2]))
        text = Path(config).read_text()
        config = Path(config).with_name('signalled.py')
        config.write_text(f'{text}custom_hooks += [{hook!r}]\n')
    return run_command('train', [str(config), *options])


def fork_ranks(function: Callable[[int], object]) -> list[Fork]:
    """Call a function with its rank in two forks, as torchrun would."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    common = dict(
        MASTER_ADDR='127.0.0.1',
        MASTER_PORT=str(port),
        WORLD_SIZE='2',
        LOCAL_WORLD_SIZE=str(os.cpu_count()),  # one thread each
    )
    return [
        fork(partial(function, i), RANK=str(i), LOCAL_RANK=str(i), **common)
        for i in (0, 1)
    ]


def read_losses(folder: Path, rank: int = 0) -> dict[int, str]:
    """Read the exact loss of each step; the last entry of a step counts."""
    lines = (folder / f'losses.{rank}').read_text().splitlines()
    return {int(step): loss for step, loss in map(str.split, lines)}
