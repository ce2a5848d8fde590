"""Evaluate a checkpoint.

Examples:
    mmremax test configs/remax/remax_r50_coco.py CHECKPOINT
    mmremax test CONFIG CHECKPOINT --data-root DIR --dump OUT
        official COCO-panoptic files: OUT/panoptic.json, OUT/panoptic/*.png
    mmremax test CONFIG CHECKPOINT --json scores.json
        all scores, also those of every class
    mmremax test CONFIG CHECKPOINT --tta
        what the image and its mirror image show together, in twice the time

Several processes: tools/dist_test.sh CONFIG CHECKPOINT NPROC [options].
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import LoggerHook
from mmengine.runner import Runner

from mmremax.engine.work_dir import named_writes
from mmremax.evaluation import write_scores
from mmremax.utils import cli
from mmremax.utils.checkpoint import check_weights
from mmremax.utils.config_edits import add_safeguards, dicts_of
from mmremax.utils.config_errors import building
from mmremax.utils.config_keys import require
from mmremax.utils.distributed import (
    leave_process_group,
    prepare_cpu_distributed,
)
from mmremax.utils.loader_timeouts import loader_timeouts
from mmremax.utils.safe_loading import safe_loading
from mmremax.utils.tta import use_tta
from mmremax_runtime.files import check_outputs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    cli.add_model(parser)
    cli.add_common_arguments(parser)
    parser.add_argument(
        '--dump',
        metavar='DIR',
        help='write the predictions in the official COCO-panoptic format',
    )
    parser.add_argument(
        '--out',
        type=pickle_file,
        metavar='FILE.pkl',
        help="write the predicted samples as mmdet's DumpDetResults does",
    )
    parser.add_argument(
        '--json',
        metavar='FILE',
        help='write the scores, overall and by class',
    )
    parser.add_argument(
        '--tta',
        action='store_true',
        help='test-time augmentation: merge the segments of several views, '
        "the config's or those of configs/_base_/overlays/tta.py",
    )


@safe_loading()
def run(args: argparse.Namespace) -> int:
    """Build the runner, load the weights and evaluate."""
    cli.complete_model(args)
    if '://' not in args.checkpoint and not Path(args.checkpoint).is_file():
        sys.exit(f'{args.checkpoint} is not there: give the path of a .pth')
    cfg = cli.load_config(args)
    require(cfg, 'model', 'test_dataloader', 'test_cfg', 'test_evaluator')
    dump = args.dump and Path(args.dump, 'panoptic')
    check_outputs(
        *(args.json, args.out, dump and dump.with_suffix('.json')),
        folders=[dump] if dump else [],
        reads=(args.config, args.checkpoint, *cli.data_of(cfg, 'test')),
    )
    cfg.load_from = args.checkpoint
    if args.tta:
        try:
            use_tta(cfg)
        except ValueError as error:
            sys.exit(str(error))
    evaluators = cfg.test_evaluator
    if isinstance(evaluators, dict):
        evaluators = [evaluators]
    if args.dump is not None:
        for metric in dicts_of(evaluators):
            if metric.get('type') == 'PanopticQualityMetric':
                metric['dump_dir'] = args.dump
    if args.out is not None:
        dump = dict(type='DumpDetResults', out_file_path=args.out)
        evaluators = [*evaluators, dump]
    cfg.test_evaluator = evaluators
    add_safeguards(cfg)
    prepare_cpu_distributed(cfg)
    places = ' or '.join(filter(None, (cfg.work_dir, args.out)))
    with named_writes(places), building(), loader_timeouts(cfg):
        runner = Runner.from_cfg(cfg)
        log_scores_once(runner)
        check_weights(runner.model, args.checkpoint)
        scores = runner.test()
    if args.json is not None and is_main_process():
        write_scores(args.json, scores, runner.test_evaluator.metrics)
    leave_process_group()
    return 0


def log_scores_once(runner: Runner) -> None:
    """Let rank 0 alone log: mmengine's ranks write one file together."""
    if not is_main_process():
        for hook in [h for h in runner.hooks if isinstance(h, LoggerHook)]:
            runner.hooks.remove(hook)


def pickle_file(path: str) -> str:
    """Check the ending that mmdet insists on, for argparse."""
    if not path.endswith(('.pkl', '.pickle')):
        raise argparse.ArgumentTypeError('the file must end with .pkl')
    return path
