"""Score a checkpoint under a grid of inference thresholds.

Examples:
    python tools/analysis/threshold_scores.py CONFIG CHECKPOINT --data-root DIR
    python tools/analysis/threshold_scores.py CONFIG CHECKPOINT \
        --thing 0.7 0.3 --stuff 0.5 --pixel 0.4

The published thresholds are for long training; a young network is seldom so
sure. The network runs once, the rest for each row. Choose on images that are
not the ones you report: --cfg-options
test_dataloader.dataset.ann_file=... names others.
"""

import argparse
import itertools
import json
import sys
from dataclasses import replace
from pathlib import Path

from mmengine.runner import Runner
from rich.console import Console
from rich.progress import track
from rich.table import Table

import mmremax  # noqa: F401
from mmremax.engine.threshold_sweep import sweep_thresholds
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
    parser.add_argument('checkpoint', help='of a training run')
    for name, values, what in (
        ('thing', (0.7, 0.5, 0.3), 'class probability of a thing'),
        ('stuff', (0.5, 0.3), 'class probability of stuff'),
        ('pixel', (0.4, 0.2), "pixel's probability of its query"),
    ):
        parser.add_argument(
            f'--{name}',
            type=float,
            nargs='+',
            default=list(values),
            metavar='T',
            help=f'least {what} (%(default)s)',
        )
    parser.add_argument(
        '--json', type=Path, metavar='FILE', help='write the rows to FILE'
    )
    cli.add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    """Test once, print a row for each setting, the best one first."""
    args = parse_args()
    if not Path(args.checkpoint).is_file():
        sys.exit(f'{args.checkpoint} is not there: give the path of a .pth')
    cfg = cli.load_config(args)
    cfg.load_from = None
    runner = Runner.from_cfg(cfg)
    check_weights(runner.model, args.checkpoint)
    runner.load_checkpoint(args.checkpoint, map_location='cpu')
    published = runner.model.panoptic_fusion_head.test_cfg
    grid = list(itertools.product(args.thing, args.stuff, args.pixel))
    settings = [
        replace(
            published, thing_threshold=t, stuff_threshold=s, pixel_threshold=p
        )
        for t, s, p in grid
    ]
    batches = track(runner.test_dataloader, 'Testing', transient=True)
    scores = sweep_thresholds(runner, settings, batches)
    rows = [
        dict(thing=t, stuff=s, pixel=p)
        | {name: score[METRIC + name] for name in COLUMNS}
        for (t, s, p), score in zip(grid, scores, strict=True)
    ]
    rows.sort(key=lambda row: -row['PQ'])
    table = Table('thing', 'stuff', 'pixel', *COLUMNS)
    for row in rows:
        table.add_row(
            *[f'{row[name]:g}' for name in ('thing', 'stuff', 'pixel')],
            *[f'{row[name]:.1f}' for name in COLUMNS],
        )
    Console().print(table)
    if args.json:
        args.json.write_text(json.dumps(rows) + '\n')


if __name__ == '__main__':
    main()
