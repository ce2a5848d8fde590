"""The command line that `mmremax train`, `test` and the tools share."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.config import Config, DictAction
from mmengine.logging import print_log
from mmengine.registry import init_default_scope

from mmremax_runtime.errors import InputError, one_line

from . import half_weights
from .config_edits import (
    dicts_of,
    merge_options,
    remove_pretrained,
    set_data_root,
    use_cpu_amp,
)
from .config_keys import check_keys
from .distributed import is_first_of_launch
from .gpu import say_gpu_note
from .migration import read_config
from .model_index import find_config

# What counts iterations: of the loop, and of a schedule.
COUNTING_KEYS = (
    *('max_iters', 'val_begin', 'val_interval'),
    *('begin', 'end', 'milestones', 'warmup', 'T_max'),
)


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add CONFIG and CHECKPOINT; see ``complete_model``."""
    parser.add_argument(
        'config',
        help='a file of configs/, its name alone, or published weights '
        '(.safetensors): they hold theirs, and need no CHECKPOINT',
    )
    parser.add_argument(
        'checkpoint', nargs='?', help="a run's file, stripped or not"
    )


def complete_model(args: argparse.Namespace) -> argparse.Namespace:
    """Take published weights, alone, as config and checkpoint."""
    if args.checkpoint is None:
        if Path(args.config).suffix != half_weights.SUFFIX:
            sys.exit('CHECKPOINT is missing: weights of the config.')
        args.checkpoint = args.config
    return args


class Options(DictAction):
    """mmengine's KEY=VALUE, where one without "=" is an error in one line."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Sequence[str],
        option_string: str | None = None,
    ) -> None:
        """Read the options."""
        for value in values:
            if not value.partition('=')[0] or '=' not in value:
                parser.error(f'{option_string} {value}: give KEY=VALUE.')
        super().__call__(parser, namespace, values, option_string)


def add_config_options(
    parser: argparse.ArgumentParser, reads_data: bool = False
) -> None:
    """Add what :func:`open_config` takes; --data-root where data are read."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=Options,
        default={},
        metavar='KEY=VALUE',
        help='change config keys, as in model.panoptic_head.num_queries=64 '
        'or param_scheduler.0.end=100; a key without effect is an error',
    )
    if reads_data:
        parser.add_argument(
            '--data-root',
            metavar='DIR',
            help='point every data set and evaluator of the config to DIR',
        )


def parse_options(texts: Sequence[str]) -> dict:
    """Read KEY=VALUE as --cfg-options does."""
    parser = argparse.ArgumentParser()
    add_config_options(parser)
    argv = ['--cfg-options', *texts] if texts else []
    return parser.parse_args(argv).cfg_options


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the tools that run: see :func:`load_config`."""
    add_config_options(parser, reads_data=True)
    parser.add_argument(
        '--work-dir', help='where logs and checkpoints go (work_dirs/CONFIG)'
    )
    parser.add_argument(
        '--no-pretrained',
        action='store_true',
        help='load and download no initial weights',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm'],
        default='none',
        help='set by dist_*.sh and slurm_*.sh',
    )
    # Older launchers pass it; torchrun sets the variable.
    parser.add_argument(
        '--local_rank',
        '--local-rank',
        type=int,
        default=0,
        help=argparse.SUPPRESS,
    )


def open_config(
    name: str,
    options: dict,
    data_root: str | None = None,
    no_pretrained: bool = False,
) -> Config:
    """Read and edit a config, or leave with one clear line.

    Its scope becomes mmengine's.

    Args:
        name: A config's path or name, see ``find_config``, or published
            weights.
        options: Keys of the config and their new values.
        data_root: Of every data set and evaluator.
        no_pretrained: Whether to leave initial weights out.
    """
    try:
        path = find_config(name)
        if path.suffix == half_weights.SUFFIX:
            cfg = half_weights.read_config(path)
        else:
            cfg = read_config(path)
        if no_pretrained:
            remove_pretrained(cfg)
        if data_root is not None:
            set_data_root(cfg, data_root)
        merge_options(cfg, options)
        check_keys(cfg)
    except (InputError, OSError) as error:
        sys.exit(one_line(error))
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    return cfg


def load_config(args: argparse.Namespace) -> Config:
    """Read ``args.config`` and apply the common options to it."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    if is_first_of_launch():
        say_gpu_note()
    cfg = open_config(
        args.config, args.cfg_options, args.data_root, args.no_pretrained
    )
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = f'work_dirs/{Path(args.config).stem}'
    return cfg


def data_of(cfg: Config, stage: str) -> list[Path]:
    """List the annotation files and folders that a stage's data name."""
    found = []
    for node in dicts_of(cfg.get(f'{stage}_dataloader')):
        names = [node.get('ann_file')]
        names += dict(node.get('data_prefix') or {}).values()
        root = node.get('data_root') or ''
        found += [Path(root, n) for n in names if n and isinstance(n, str)]
    return found


def names_of(configs: Sequence[str]) -> list[str]:
    """Name configs by their stems, or as they are given if two share one."""
    stems = [Path(config).stem for config in configs]
    return stems if len(set(stems)) == len(stems) else list(configs)


def use_amp(cfg: Config, dtype: str | None = None) -> None:
    """Switch mixed precision on.

    Args:
        cfg: Changed in place; its optimiser wrapper must be mmengine's plain
            one or a mixed one already.
        dtype: ``'float16'`` or ``'bfloat16'``; default float16 on CUDA and
            bfloat16 on the CPU, the only one there.
    """
    wrapper = cfg.optim_wrapper
    if torch.cuda.is_available():
        wrapper.type = 'AmpOptimWrapper'
        wrapper.setdefault('loss_scale', 'dynamic')
        wrapper.dtype = dtype or 'float16'
        return
    if dtype == 'float16':
        sys.exit('--amp-dtype float16 needs CUDA; the CPU takes bfloat16.')
    use_cpu_amp(wrapper)
    print_log(
        '--amp without CUDA: the forward pass runs under bfloat16 autocast; '
        'losses, weights, gradients and update stay float32. It shows that '
        'the model trains in half precision; it is faster only on CPUs with '
        'bfloat16 instructions.'
    )


def processes_of_launch() -> int:
    """Return the number of processes that torchrun or Slurm started."""
    for name in ('WORLD_SIZE', 'SLURM_NTASKS'):
        if os.environ.get(name, '').isdigit():
            return int(os.environ[name])
    return 1


def keep_batch_size(cfg: Config, images: int, num_processes: int) -> None:
    """Accumulate gradients so that an update sees the recipe's batch.

    mmengine counts an iteration for each forward pass, so whatever counts
    iterations is multiplied: the run's length, the schedule, and the
    intervals of validation and checkpoints. Updates, learning rates and
    images seen stay those of the recipe. Batch norms see `images` of each
    process at a time: there the runs differ. Leaves with one clear line if
    the recipe's batch is no multiple of what all processes see at once.

    Args:
        cfg: With `auto_scale_lr.base_batch_size`; changed in place.
        images: Of one forward pass of a process.
        num_processes: Of the run.
    """
    wanted = cfg.auto_scale_lr.base_batch_size
    if images < 1 or wanted % (images * num_processes):
        fitting = [
            n
            for n in range(1, wanted + 1)
            if wanted % (n * num_processes) == 0
        ]
        sys.exit(
            f'--images-per-gpu {images} with {num_processes} process(es) '
            f'does not divide the batch of {wanted} images; possible here: '
            f'{fitting or "none, change the processes"}.'
        )
    passes = wanted // (images * num_processes)
    cfg.train_dataloader.batch_size = images
    cfg.optim_wrapper.accumulative_counts = passes
    for counting in (cfg.train_cfg, *cfg.param_scheduler):
        for key in COUNTING_KEYS:
            if isinstance(counting.get(key), list | tuple):
                counting[key] = [step * passes for step in counting[key]]
            elif counting.get(key) is not None:
                counting[key] *= passes
    cfg.default_hooks.checkpoint.interval *= passes
    print_log(
        f'--images-per-gpu {images}: {passes} forward passes per update; '
        'iterations below count passes.'
    )


def scale_learning_rate(cfg: Config) -> None:
    """Let the Runner scale the rate to the batch of one update.

    mmengine scales by batch size times processes; a batch that is
    accumulated over several steps counts here too.
    """
    scaling = cfg.get('auto_scale_lr') or {}
    if 'base_batch_size' not in scaling:
        sys.exit(
            '--auto-scale-lr needs auto_scale_lr.base_batch_size in the '
            'config: the batch size that its learning rate is meant for.'
        )
    scaling.enable = True
    scaling.base_batch_size /= cfg.optim_wrapper.get('accumulative_counts', 1)
