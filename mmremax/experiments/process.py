"""A training process that ends with its parent, watched from outside."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # see prctl(2)


class Process:
    """A command in a process group of its own, output into a file.

    On Linux the kernel kills it when its parent dies, however that
    happens. It inherits the lock of the study, so that a second runner
    sees it where the kernel does not do so.

    Args:
        command: Program and arguments.
        log_file: Output is added to its end.
        environment: Variables that replace those of this process.
        lock: Descriptor of an open lock file.

    Attributes:
        stage: What it is for: ``train``, ``test`` or ``pictures``.
        gpu: The device it was given, where there are several.
        spent: Seconds of the run before this process.
        first_step: Last step that the run logged before this process.
        mark: Seconds and step when the log first moved.
        peak_memory_mb: Largest resident set that was seen.
    """

    def __init__(
        self,
        command: Sequence[str],
        log_file: Path,
        environment: dict[str, str],
        lock: int,
    ) -> None:
        self.log_file = log_file
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open('ab') as log:
            self.log_start = log.tell()
            self.popen = subprocess.Popen(
                list(map(str, command)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | environment,
                start_new_session=True,
                pass_fds=(lock,),
                preexec_fn=_die_with_parent(),
            )
        self.started = time.monotonic()
        self.gpu: str | None = None
        self.stage = 'train'
        self.spent = 0.0
        self.first_step = 0
        self.mark: tuple[float, int] | None = None
        self.peak_memory_mb: float | None = None

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.started

    def poll(self) -> int | None:
        """Return the exit status, None while it runs; look at memory."""
        status = self.popen.poll()
        if status is None:
            self._look_at_memory()
        return status

    def kill(self) -> None:
        """End it and its own children; checkpoints are safe against it."""
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait()

    def last_words(self, num_lines: int = 12) -> str:
        """Return the last lines that this process printed."""
        with self.log_file.open('rb') as log:
            log.seek(self.log_start)
            lines = log.read().decode(errors='replace').splitlines()
        lines = [line.rstrip() for line in lines if line.strip()]
        return '\n'.join(lines[-num_lines:])[-2000:]

    def _look_at_memory(self) -> None:
        """Read the high-water mark of the resident set, where there is one."""
        try:
            status = Path(f'/proc/{self.popen.pid}/status').read_text()
        except OSError:
            return
        if found := re.search(r'VmHWM:\s+(\d+) kB', status):
            peak = int(found[1]) / 1024
            self.peak_memory_mb = max(peak, self.peak_memory_mb or 0)


def describe_exit(status: int) -> str:
    """Say how a process ended."""
    if status >= 0:
        return f'exit status {status}'
    name = signal.Signals(-status).name
    hint = '; out of memory?' if name == 'SIGKILL' else ''
    return f'killed by {name}{hint}'


def _die_with_parent() -> Callable[[], None] | None:
    """Prepare what the child calls; everything is loaded before the fork."""
    if sys.platform != 'linux':
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def call() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the call
            os._exit(1)

    return call
