"""What a study ran on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import torch

ROOT = Path(__file__).parents[2]


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def total_threads() -> int:
    """Threads for all runs together: OMP_NUM_THREADS, or the cores."""
    text = os.environ.get('OMP_NUM_THREADS', '')
    return int(text) if text.isdigit() and int(text) else available_cores()


def describe_machine(threads: int) -> dict:
    """List what times and memory depend on.

    Args:
        threads: Of each run.

    Returns:
        Plain values for ``machine`` of the result.
    """
    on_gpu = torch.cuda.is_available()
    return dict(
        cpu=_cpu_name(),
        cores=available_cores(),
        threads=threads,
        memory_gb=_memory_gb(),
        device=torch.cuda.get_device_name() if on_gpu else 'cpu',
        platform=platform.platform(),
        python=platform.python_version(),
        torch=torch.__version__,
        commit=_commit(),
    )


def devices() -> list[str]:
    """Names of the GPUs as CUDA_VISIBLE_DEVICES has them."""
    if named := os.environ.get('CUDA_VISIBLE_DEVICES'):
        return named.split(',')
    return [str(i) for i in range(torch.cuda.device_count())]


def share(
    threads: int, busy: Sequence[str | None]
) -> tuple[dict[str, str], str | None]:
    """Give a process its part of the machine.

    Args:
        threads: Of the process.
        busy: GPUs of the processes that run.

    Returns:
        Environment variables, and the least busy GPU where there are several.
    """
    environment = dict.fromkeys(
        ('OMP_NUM_THREADS', 'MKL_NUM_THREADS'), str(threads)
    )
    gpus = devices()
    if len(gpus) < 2:
        return environment, None
    gpu = min(gpus, key=busy.count)
    return environment | {'CUDA_VISIBLE_DEVICES': gpu}, gpu


def _cpu_name() -> str:
    try:
        text = Path('/proc/cpuinfo').read_text()
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r'model name\s*:\s*(.+)', text)
    return found[1] if found else platform.machine()


def _memory_gb() -> float | None:
    try:
        size = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    except (AttributeError, ValueError, OSError):
        return None
    return round(size / 2**30, 1)


def _commit() -> str | None:
    """Short commit of the code, ``-dirty`` with uncommitted changes."""
    git = subprocess.run(
        ['git', 'describe', '--always', '--dirty', '--exclude=*'],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return git.stdout.strip() or None
