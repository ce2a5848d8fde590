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
import sys
from contextlib import ExitStack

from mmengine.config import Config
from mmengine.runner import Runner

from mmremax.engine.continuation import ContinuationHook, settings_of
from mmremax.engine.gpu_room import enough_memory
from mmremax.engine.stopping import StopHook, StopRequest
from mmremax.engine.tracking import TRACKERS, add_tracker
from mmremax.engine.work_dir import named_writes, sole_writer
from mmremax.utils import cli
from mmremax.utils.config_edits import add_safeguards
from mmremax.utils.config_errors import building
from mmremax.utils.config_keys import require
from mmremax.utils.distributed import (
    is_first_of_launch,
    leave_process_group,
    prepare_cpu_distributed,
)
from mmremax.utils.loader_timeouts import loader_timeouts
from mmremax.utils.resume import resume_from
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
    require(cfg, 'model', 'train_dataloader', 'train_cfg', 'optim_wrapper')
    if args.seed is not None:
        if not 0 <= args.seed < 2**32:
            sys.exit(f'--seed {args.seed}: give one from 0 to 2^32 - 1.')
        cfg.merge_from_dict({'randomness.seed': args.seed})
    if args.amp or args.amp_dtype:
        cli.use_amp(cfg, args.amp_dtype)
    if args.images_per_gpu is not None:
        processes = cli.processes_of_launch()
        cli.keep_batch_size(cfg, args.images_per_gpu, processes)
    if args.auto_scale_lr:
        cli.scale_learning_rate(cfg)
    if args.resume is None and cfg.get('resume'):
        args.resume = cfg.get('load_from') or 'auto'
    if args.resume is not None:
        resume_from(cfg, args.resume, keep_seed=args.seed is not None)
    for name in args.vis:
        add_tracker(cfg, name)
    add_safeguards(cfg)
    remedy = 'The last checkpoint is whole: --resume goes on from it.'
    with (
        named_writes(cfg.work_dir, remedy),
        StopRequest() as request,
        ExitStack() as stack,
    ):
        if is_first_of_launch():
            stack.enter_context(sole_writer(cfg.work_dir))
        train(cfg, request.hook)
    leave_process_group(request.status)
    return request.status


def train(cfg: Config, stop_hook: StopHook) -> None:
    """Build the runner, with the hooks of this command, and train."""
    continuation = ContinuationHook(settings_of(cfg))
    prepare_cpu_distributed(cfg)
    with building(), loader_timeouts(cfg), enough_memory(cfg):
        runner = Runner.from_cfg(cfg)
        runner.register_hook(continuation)
        runner.register_hook(stop_hook)
        runner.train()
