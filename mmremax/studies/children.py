"""Trainings that a runner has started, and how they are asked to stop."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from functools import partial
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
ONE_REQUEST = 1.0  # seconds
# On Linux a process ends with its parent. Loaded here, before any fork.
_prctl = getattr(ctypes.CDLL(None), 'prctl', None)
END_WITH_PARENT = _prctl and partial(_prctl, 1, signal.SIGKILL)


class Children:
    """Processes that get the chance to write their checkpoints.

    While it is open, in the main thread, the first SIGINT or SIGTERM is
    handed on, as SIGTERM: a training then finishes its step. No further one
    is started. The second ends this process at once, and them with it.

    They are in sessions of their own: a terminal's Ctrl-C reaches them once,
    through this process.

    Attributes:
        are_asked: Whether a signal has come.
    """

    def __init__(self) -> None:
        self.are_asked = False
        self._running: set[subprocess.Popen] = set()
        self._time = 0.0
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Children:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._handlers[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: Any) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def run(self, command: Sequence[str], **options: Any) -> int:
        """Run a process; return its status. Options are Popen's."""
        process = subprocess.Popen(
            command,
            start_new_session=True,
            preexec_fn=END_WITH_PARENT,
            **options,
        )
        self._running.add(process)
        if self.are_asked:  # between its start and this line
            process.terminate()
        status = process.wait()
        self._running.discard(process)
        return status

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.are_asked:
            self.are_asked, self._time = True, now
            text = b'\nThe trainings stop after this step; again: at once.\n'
            os.write(2, text)  # printing is not safe in a handler
            for process in list(self._running):
                process.terminate()
        elif now - self._time > ONE_REQUEST:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
