r"""Count the memory of a training step, without a GPU; say what fits one.

A Markdown row for each config: GB (2^30 bytes) before the step (weights,
AdamW's state), and what one image adds, at the config's crop. That is an
estimate from two small images, made in seconds; --shape counts a whole step
of that size. A GPU adds its context and its libraries' workspace.

Examples:
    python tools/analysis/get_memory.py configs/remax/*.py --amp
    python tools/analysis/get_memory.py CONFIG --gpu 16
    python tools/analysis/get_memory.py CONFIG --shape 641 641 --batch-size 2 \
        --json made_by.json
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import mmremax  # noqa: F401
from mmremax.engine.gpu_room import GIB, countable, what_fits
from mmremax.engine.step_memory import count_steps, estimate_image
from mmremax.utils.cli import (
    add_config_options,
    names_of,
    open_config,
    use_amp,
)
from mmremax.utils.tool import tool
from mmremax_runtime.files import check_outputs, write_text
from mmremax_runtime.opening import count, side


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('config', nargs='+', help='files of configs/')
    add('--amp', action='store_true', help='mixed precision')
    text = 'say which options of tools/train.py fit into so much memory'
    add('--gpu', type=float, metavar='GB', help=text)
    text = 'count a step on images of this size in pixels'
    add('--shape', type=side, nargs=2, metavar=('H', 'W'), help=text)
    add('--batch-size', type=count, default=1, help='with --shape (1)')
    add('--segments', type=count, default=20, help='in an image (20)')
    text = 'write bytes to FILE; with --shape by the operators that made them'
    add('--json', type=Path, metavar='FILE', help=text)
    add_config_options(parser)
    return parser.parse_args()


@tool()
def main() -> None:
    """Count, print and write."""
    args = parse_args()
    check_outputs(args.json, reads=args.config)
    numbers = {}
    for name, path in zip(names_of(args.config), args.config, strict=True):
        cfg = open_config(path, args.cfg_options)
        if not countable(cfg):
            sys.exit(f'{path}: images are made for KMaXDeepLab alone.')
        if args.amp:
            use_amp(cfg)
        if args.shape is None:
            step = estimate_image(cfg, args.segments)
        else:
            shape = tuple(args.shape)
            sizes = args.batch_size, args.segments
            step = count_steps(cfg, [shape], *sizes)[0]
        numbers[name] = asdict(step)
        fixed, made = step.fixed / GIB, step.made / GIB
        print(f'| {name} | {fixed:.2f} | {made:.2f} |', flush=True)
        if args.gpu is not None:
            free = int(args.gpu * GIB)
            print(what_fits(cfg, free) or f'{args.gpu} GB are enough.')
    if args.json is not None:
        write_text(args.json, json.dumps(numbers, indent=2) + '\n')


if __name__ == '__main__':
    main()
