"""Evaluate a checkpoint.

Examples:
    python tools/test.py configs/remax/remax_r50_coco.py CHECKPOINT
    python tools/test.py CONFIG CHECKPOINT --data-root DIR --dump OUT
        official COCO-panoptic files: OUT/panoptic.json, OUT/panoptic/*.png
    python tools/test.py CONFIG CHECKPOINT --json scores.json
        all scores, also those of every class

Several processes: tools/dist_test.sh CONFIG CHECKPOINT NPROC [options].
"""

import argparse
import sys
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.runner import Runner

import mmremax  # noqa: F401
from mmremax.evaluation import write_scores
from mmremax.utils import cli
from mmremax.utils.checkpoint import check_weights, safe_loading
from mmremax.utils.config_edits import dicts_of
from mmremax.utils.distributed import (
    leave_process_group,
    prepare_cpu_distributed,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cli.add_model(parser)
    cli.add_common_arguments(parser)
    parser.add_argument(
        '--dump',
        metavar='DIR',
        help='write the predictions in the official COCO-panoptic format',
    )
    parser.add_argument(
        '--out',
        metavar='FILE.pkl',
        help="write the predicted samples as mmdet's DumpDetResults does",
    )
    parser.add_argument(
        '--json',
        metavar='FILE',
        help='write the scores, overall and by class',
    )
    args = cli.parse_model(parser)
    if args.out is not None and not args.out.endswith(('.pkl', '.pickle')):
        parser.error('--out: the file must end with .pkl or .pickle')
    return args


def main() -> None:
    """Build the runner, load the weights and evaluate."""
    args = parse_args()
    if '://' not in args.checkpoint and not Path(args.checkpoint).is_file():
        sys.exit(f'{args.checkpoint} is not there: give the path of a .pth')
    cfg = cli.load_config(args)
    cfg.load_from = args.checkpoint
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
    prepare_cpu_distributed(cfg)
    runner = Runner.from_cfg(cfg)
    check_weights(runner.model, args.checkpoint)
    with safe_loading():
        scores = runner.test()
    if args.json is not None and is_main_process():
        write_scores(args.json, scores, runner.test_evaluator.metrics)
    leave_process_group()


if __name__ == '__main__':
    main()
