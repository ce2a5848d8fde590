"""How the threads of one process wait, beside other processes."""

from __future__ import annotations

import os
import time
from pathlib import Path

STAT = Path('/proc/stat')
POLICY = 'OMP_WAIT_POLICY'


def busy_share(seconds: float = 0.1) -> float:
    """Measure which part of the cores works now; 0 where none can tell."""
    try:
        before = _ticks()
        time.sleep(seconds)
        after = _ticks()
    except (OSError, ValueError):  # no Linux, or one that hides it
        return 0.0
    total, idle = (b - a for a, b in zip(before, after, strict=True))
    return 1 - idle / total if total > 0 else 0.0


def share_cores() -> None:
    """Let OpenMP's idle threads sleep where others use half of the cores.

    By default they spin. Alone that is a third faster than to sleep; beside
    two processes on two cores it takes twice the time (docs/performance.md).
    To be called before torch is imported, as the threads read the policy
    once. A policy that the user set stays.
    """
    if POLICY not in os.environ and busy_share() > 0.5:
        os.environ[POLICY] = 'PASSIVE'


def _ticks() -> tuple[int, int]:
    """Read the time of all cores so far, all and idle."""
    _, *times = STAT.read_text().split('\n', 1)[0].split()
    user, nice, system, idle, wait, *others = map(int, times[:8])
    return user + nice + system + idle + wait + sum(others), idle + wait
