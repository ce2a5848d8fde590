"""Ends a distributed run."""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import sys

from torch import distributed


def leave_process_group() -> None:
    """Stop the threads of torch's process groups, if there are any.

    mmengine starts a group and never ends it. A process that leaves with one
    tears down gloo's running threads, and some die of it ("terminate called
    without an active exception", pytorch issue 190489), which a launcher
    reports as a failed run; NCCL warns of leaked resources. A wrapped model
    keeps its own hold on the threads, so the process also leaves without
    tearing itself down. To be called by every process after its last
    collective, when all it had to do has succeeded.
    """
    if distributed.is_initialized():
        distributed.destroy_process_group()
        atexit.register(_exit_at_once)


def _exit_at_once() -> None:
    """End the process with status 0, its output written."""
    for child in multiprocessing.active_children():
        child.terminate()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
