"""Starts a distributed run where mmengine cannot, and ends it cleanly."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys

import torch
from mmengine.config import Config
from torch import distributed

SLURM_TO_TORCH = {
    'SLURM_PROCID': 'RANK',
    'SLURM_NTASKS': 'WORLD_SIZE',
    'SLURM_LOCALID': 'LOCAL_RANK',
}


NEEDED = dict(
    none=(),
    pytorch=('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'),
    slurm=('SLURM_NODELIST', *SLURM_TO_TORCH),
)


def prepare_cpu_distributed(cfg: Config) -> None:
    """Start gloo and adapt a config, if the run is distributed on CPUs.

    Stock mmengine calls ``torch.cuda.set_device`` when it starts the process
    group, wraps the model with ``device_ids``, and synchronised norms raise
    on the CPU. A process group that is already there it takes as it is. Norms
    stay per process; their statistics are averaged for checkpoints and
    evaluation by ``ResumableCheckpointHook``.
    """
    launcher = cfg.get('launcher', 'none')
    if lacks := [n for n in NEEDED.get(launcher, ()) if n not in os.environ]:
        sys.exit(
            f'--launcher {launcher} needs {", ".join(lacks)} in the '
            'environment: start the command by tools/dist_*.sh or slurm_*.sh.'
        )
    if launcher == 'none' or torch.cuda.is_available():
        return
    if launcher == 'slurm':
        use_slurm_environment()
    # Each process would otherwise start as many threads as there are cores.
    processes = int(os.environ.get('LOCAL_WORLD_SIZE', 1))
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // processes))
    distributed.init_process_group('gloo')
    cfg.sync_bn = None
    cfg.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )


def use_slurm_environment() -> None:
    """Translate Slurm's variables into those that torch reads."""
    for slurm, name in SLURM_TO_TORCH.items():
        os.environ[name] = os.environ[slurm]
    os.environ.setdefault('LOCAL_WORLD_SIZE', os.environ['SLURM_NTASKS'])
    os.environ.setdefault('MASTER_PORT', '29500')
    if 'MASTER_ADDR' not in os.environ:
        hosts = subprocess.run(
            ['scontrol', 'show', 'hostname', os.environ['SLURM_NODELIST']],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        os.environ['MASTER_ADDR'] = hosts[0]


def is_first_of_launch() -> bool:
    """Tell, before there is a process group, whether this is rank 0."""
    names = ('RANK', 'SLURM_PROCID')
    return all(os.environ.get(name, '0') == '0' for name in names)


def leave_process_group(status: int = 0) -> None:
    """Stop the threads of torch's process groups, if there are any.

    mmengine starts a group and never ends it. A process that leaves with one
    tears down gloo's running threads, and some die of it ("terminate called
    without an active exception", pytorch issue 190489), which a launcher
    reports as a failed run; NCCL warns of leaked resources. A wrapped model
    keeps its own hold on the threads, so the process also leaves without
    tearing itself down. To be called by every process after its last
    collective, when all it had to do has succeeded.

    Args:
        status: Exit status of the process.
    """
    if distributed.is_initialized():
        distributed.destroy_process_group()
        atexit.register(_exit_at_once, status)


def _exit_at_once(status: int) -> None:
    """End the process after the exit handlers of others (trackers', ...)."""
    atexit.unregister(_exit_at_once)
    try:
        atexit._run_exitfuncs()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
