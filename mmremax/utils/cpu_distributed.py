"""Lets mmengine's Runner train in several processes without CUDA.

Stock mmengine calls ``torch.cuda.set_device`` when it starts the process
group, wraps the model with ``device_ids``, and synchronised norms raise on
the CPU. All three are answered here.
"""

from __future__ import annotations

import os
import subprocess

import torch
from mmengine.config import Config
from torch import distributed

SLURM_TO_TORCH = {
    'SLURM_PROCID': 'RANK',
    'SLURM_NTASKS': 'WORLD_SIZE',
    'SLURM_LOCALID': 'LOCAL_RANK',
}


def prepare_cpu_distributed(cfg: Config) -> None:
    """Start gloo and adapt a config, if the run is distributed on CPUs.

    The Runner takes a process group that is already there as it is. Norms
    stay per process; their statistics are averaged for checkpoints and
    evaluation by ``ResumableCheckpointHook``.

    Args:
        cfg: With ``launcher``; changed in place.
    """
    launcher = cfg.get('launcher', 'none')
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
