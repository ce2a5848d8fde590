"""Score every stage of the decoder, with and without the semantic branch.

Examples:
    python tools/analysis/stage_scores.py CONFIG CHECKPOINT --data-root DIR

The masks of a stage are tested as they are ("head dropped") and, where the
stage was relaxed in training, multiplied as in Eq. 2 ("head kept"; ReMaX,
Table 5). The last row is what tools/test.py tests. The checkpoint must hold
the semantic branch: not a stripped one.
"""

import argparse
import sys
from pathlib import Path

from mmengine.runner import Runner
from rich.console import Console
from rich.table import Table

import mmremax  # noqa: F401
from mmremax.engine.stage_outputs import answering_from
from mmremax.utils import cli
from mmremax.utils.checkpoint import check_weights

METRIC = 'coco_panoptic/'
COLUMNS = ('PQ', 'PQ_th', 'PQ_st', 'SQ', 'RQ')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='a file of configs/kmax or remax')
    parser.add_argument('checkpoint', help='of a training run, not stripped')
    cli.add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Test stage by stage and print the table."""
    args = parse_args()
    if not Path(args.checkpoint).is_file():
        sys.exit(f'{args.checkpoint} is not there: give the path of a .pth')
    cfg = cli.load_config(args)
    cfg.load_from = args.checkpoint
    runner = Runner.from_cfg(cfg)
    check_weights(runner.model, args.checkpoint, may_be_stripped=False)
    head = runner.model.panoptic_head
    table = Table('output', 'semantic branch', *COLUMNS)
    for stage in [*range(head.transformer_decoder.num_outputs - 1), None]:
        is_relaxed = (
            stage is not None and stage < head.mask_loss.num_semantic_stages
        )
        for kept in [False, True] if is_relaxed else [False]:
            with answering_from(head, stage, kept):
                scores = runner.test()
            name = 'final' if stage is None else f'stage {stage}'
            table.add_row(
                name,
                'kept' if kept else 'dropped',
                *[f'{scores[METRIC + column]:.1f}' for column in COLUMNS],
            )
    Console().print(table)


if __name__ == '__main__':
    main()
