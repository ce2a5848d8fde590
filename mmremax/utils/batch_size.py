"""Keeps a recipe's batch on fewer or smaller devices, by accumulation."""

from __future__ import annotations

import os

from mmengine.config import Config

# What counts iterations, by where it stands.
_SCHEDULER_KEYS = ('begin', 'end', 'milestones', 'warmup', 'T_max')
_LOOP_KEYS = ('max_iters', 'val_begin', 'val_interval')


class BatchSizeError(ValueError):
    """The batch of the recipe cannot be put together."""


def processes_of_launch() -> int:
    """Return the number of processes that torchrun or Slurm started."""
    for name in ('WORLD_SIZE', 'SLURM_NTASKS'):
        if os.environ.get(name, '').isdigit():
            return int(os.environ[name])
    return 1


def keep_batch_size(
    cfg: Config, images_per_gpu: int, num_processes: int
) -> int:
    """Accumulate gradients so that an update sees the recipe's batch.

    mmengine counts an iteration for each forward pass, so whatever counts
    iterations is multiplied: the run's length, the schedule, and the
    intervals of validation and checkpoints. Updates, learning rates and
    images seen stay those of the recipe. Batch norms see `images_per_gpu`
    images of each process at a time: there the runs differ.

    Args:
        cfg: With `auto_scale_lr.base_batch_size`; changed in place.
        images_per_gpu: Images of one forward pass of a process.
        num_processes: Processes of the run.

    Returns:
        Forward passes per update.

    Raises:
        BatchSizeError: The recipe's batch is no multiple of what one
            forward pass of all processes sees.
    """
    wanted = cfg.auto_scale_lr.base_batch_size
    at_once = images_per_gpu * num_processes
    if images_per_gpu < 1 or wanted % at_once:
        fitting = [
            n
            for n in range(1, wanted + 1)
            if wanted % (n * num_processes) == 0
        ]
        raise BatchSizeError(
            f'--images-per-gpu {images_per_gpu} with {num_processes} '
            f'process(es) does not divide the batch of {wanted} images; '
            f'possible here: {fitting or "none, change the processes"}.'
        )
    passes = wanted // at_once
    cfg.train_dataloader.batch_size = images_per_gpu
    cfg.optim_wrapper.accumulative_counts = passes
    for key in _LOOP_KEYS:
        if key in cfg.train_cfg:
            cfg.train_cfg[key] *= passes
    for scheduler in cfg.param_scheduler:
        for key in _SCHEDULER_KEYS:
            if isinstance(scheduler.get(key), (list, tuple)):
                scheduler[key] = [step * passes for step in scheduler[key]]
            elif scheduler.get(key) is not None:
                scheduler[key] *= passes
    cfg.default_hooks.checkpoint.interval *= passes
    return passes
