"""Ends a distributed run."""

from __future__ import annotations

from torch import distributed


def leave_process_group() -> None:
    """Stop the threads of torch's process groups, if there are any.

    mmengine starts a group and never ends it. A process that leaves with one
    tears down gloo's running threads, and some die of it ("terminate called
    without an active exception", pytorch issue 190489), which a launcher
    reports as a failed run; NCCL warns of leaked resources. To be called by
    every process after its last collective.
    """
    if distributed.is_initialized():
        distributed.destroy_process_group()
