"""A work folder has one writer at a time."""

from __future__ import annotations

import fcntl
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmremax_runtime.files import WriteError, writing

LOCK = '.writer'


@contextmanager
def named_writes(folder: str | Path, remedy: str = '') -> Iterator[None]:
    """Say in one line that a run's folder takes no more.

    Of logs, too: logging prints a traceback for each line, and goes on.

    Args:
        folder: The work folder.
        remedy: What is to be done then.

    Raises:
        WriteError: The disk is full, say.
    """
    logging.FileHandler.handleError = _raise
    try:
        with writing(folder):
            yield
    except WriteError as error:
        raise WriteError(f'{error} {remedy}'.strip()) from error
    finally:
        del logging.FileHandler.handleError


def _raise(handler: logging.Handler, record: logging.LogRecord) -> None:
    raise


@contextmanager
def sole_writer(folder: str | Path) -> Iterator[None]:
    """Hold a folder for a run, and remove what a killed one left half.

    The lock ends with the process that holds it, however that ends; a
    loader's worker does not inherit it. Of several processes the first
    alone is to ask. Leaves with one line if another run holds the folder.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / LOCK, 'a+') as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            file.seek(0)
            other = file.read().strip() or 'another run'
            sys.exit(
                f'{folder} is written by {other}. Stop it, or give this run '
                'a folder of its own: --work-dir.'
            )
        except OSError as error:
            print(
                f'{folder}: its file system has no locks ({error.strerror}); '
                'see to it that one run alone writes there.',
                file=sys.stderr,
            )
        file.truncate(0)
        now = time.strftime('%Y-%m-%d %H:%M:%S')
        file.write(f'process {os.getpid()} on {socket.gethostname()} ({now})')
        file.flush()
        for unfinished in folder.glob('.*.tmp'):  # of AtomicBackend
            unfinished.unlink()
        yield
