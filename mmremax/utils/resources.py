"""What a computation needs of a machine, and what the machine gives."""

from __future__ import annotations

import re
import resource
import time
from pathlib import Path

import torch


class PeakMemory:
    """The largest memory in use inside a ``with`` block.

    On CUDA it is what torch's allocator held; on the CPU the process's
    resident set. Where the kernel cannot reset its mark, ``peak`` is the
    process's since its start.

    Attributes:
        before: Bytes in use on entry.
        peak: Bytes, set on exit.

    Args:
        device: Which memory.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def __enter__(self) -> PeakMemory:
        if self.device.type == 'cuda':
            torch.cuda.reset_peak_memory_stats(self.device)
            self.before = torch.cuda.memory_allocated(self.device)
        else:
            try:
                # Resets VmHWM; see proc(5).
                Path('/proc/self/clear_refs').write_text('5')
            except OSError:
                pass
            self.before = read_status('VmRSS')
        return self

    def __exit__(self, *_: object) -> None:
        if self.device.type == 'cuda':
            self.peak = torch.cuda.max_memory_allocated(self.device)
        else:
            # The kernel may read the mark a few pages late; see proc(5).
            self.peak = max(self.before, read_status('VmHWM'))


def read_status(field: str) -> int:
    """Read one size of this process, in bytes.

    Args:
        field: Of ``/proc/self/status``. Without such a file the largest
            resident set since the start is given.
    """
    try:
        status = Path('/proc/self/status').read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return int(re.search(rf'{field}:\s+(\d+) kB', status)[1]) * 1024


def matrix_product_rate(
    device: torch.device, size: int = 2048, trials: int = 5
) -> float:
    """Measure the best float32 matrix product rate of a device.

    Args:
        device: What computes.
        size: Side of the square matrices.
        trials: The fastest counts.

    Returns:
        GFLOP/s, a multiply-add counting as two.
    """
    left, right = torch.rand(2, size, size, device=device)
    fastest = float('inf')
    for _ in range(trials + 1):
        start = time.perf_counter()
        product = left @ right
        product[0, 0].item()
        fastest = min(fastest, time.perf_counter() - start)
    return 2 * size**3 / fastest / 1e9
