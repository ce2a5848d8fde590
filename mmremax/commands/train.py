"""Train a model.

Examples:
    mmremax train configs/remax/remax_r50_coco.py
    mmremax train CONFIG --resume            go on after a stop
    mmremax train CONFIG --data-root DIR --no-pretrained --amp
    mmremax train CONFIG --vis tensorboard   curves, in the work folder

Several processes: tools/dist_train.sh CONFIG NPROC [options as here].
"""

from __future__ import annotations

import argparse

from mmengine.runner import Runner

from mmremax.engine.tracking import TRACKERS, add_tracker
from mmremax.utils import cli
from mmremax.utils.distributed import (
    leave_process_group,
    prepare_cpu_distributed,
)
from mmremax.utils.safe_loading import safe_loading


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument('config', help='a file of configs/')
    cli.add_common_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help="continue from a file, or from the work folder's last one",
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='mixed precision: float16 on CUDA, bfloat16 on the CPU',
    )
    parser.add_argument(
        '--amp-dtype',
        choices=['float16', 'bfloat16'],
        help='another type for --amp',
    )
    parser.add_argument(
        '--images-per-gpu',
        type=int,
        metavar='N',
        help="keep the recipe's batch with N images at a time: gradients "
        'are accumulated, and the schedule is stretched accordingly',
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate to the batch of one update',
    )
    parser.add_argument('--seed', type=int, help="replaces the config's")
    parser.add_argument(
        '--vis',
        action='append',
        default=[],
        choices=TRACKERS,
        help='write losses, rates, scores and config there, too; may be '
        'given more than once',
    )


@safe_loading()
def run(args: argparse.Namespace) -> int:
    """Build the runner and train."""
    cfg = cli.load_config(args)
    if args.seed is not None:
        cfg.merge_from_dict({'randomness.seed': args.seed})
    if args.amp or args.amp_dtype:
        cli.use_amp(cfg, args.amp_dtype)
    if args.images_per_gpu is not None:
        processes = cli.processes_of_launch()
        cli.keep_batch_size(cfg, args.images_per_gpu, processes)
    if args.auto_scale_lr:
        cli.scale_learning_rate(cfg)
    if args.resume is not None:
        cli.resume(cfg, args.resume, keep_seed=args.seed is not None)
    for name in args.vis:
        add_tracker(cfg, name)
    prepare_cpu_distributed(cfg)
    Runner.from_cfg(cfg).train()
    leave_process_group()
    return 0
