r"""Reduce a checkpoint to the weights that inference needs.

Drops the training-only branches, the optimiser, the schedule, the logs and
the random states. The result works with tools/test.py, demo/image_demo.py and
mmdet's `init_detector`.

Examples:
    python tools/model_converters/strip_checkpoint.py \
        work_dirs/remax_r50_coco/iter_50000.pth remax_r50_coco.pth
    python tools/model_converters/strip_checkpoint.py \
        work_dirs/remax_lite0_nuclei/iter_600.pth nuclei.safetensors \
        --config configs/small/remax_lite0_nuclei.py
            to publish: half precision; refused unless it fits the config,
            whose text it keeps in place of the run's with its local paths
"""

import argparse
import fnmatch
import sys
from pathlib import Path

import torch

import mmremax  # noqa: F401
from mmremax.utils.checkpoint import (
    is_training_only,
    save_checkpoint,
    state_dict_of,
)
from mmremax.utils.cli import add_config_options, open_config
from mmremax.utils.load_model import load_model
from mmremax.utils.safe_loading import load_checkpoint
from mmremax.utils.tool import tool
from mmremax_runtime.files import check_outputs

KEPT_META = ('dataset_meta', 'iter', 'epoch', 'cfg', 'experiment_name')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('checkpoint', type=Path, help='file of a run')
    parser.add_argument(
        'out',
        type=Path,
        help='file to write; .safetensors stores half precision',
    )
    parser.add_argument(
        '--config', help='of the weights: check them, and keep its text'
    )
    parser.add_argument(
        '--drop',
        nargs='+',
        default=[],
        metavar='PATTERN',
        help="also leave out weights of these names, as in '*.class_head.*'; "
        'what starts from OUT (load_from) makes them anew',
    )
    parser.add_argument(
        '--trust',
        action='store_true',
        help='load a file that may hold code; only if you know its origin',
    )
    add_config_options(parser)
    return parser.parse_args()


def strip(checkpoint: dict) -> dict:
    """Keep the weights of inference, and the classes, step and config."""
    meta = checkpoint.get('meta', {})
    return dict(
        meta={key: plain(meta[key]) for key in KEPT_META if key in meta},
        state_dict={
            key: value.contiguous()
            for key, value in state_dict_of(checkpoint).items()
            if not is_training_only(key)
        },
    )


def drop(weights: dict, patterns: list[str]) -> None:
    """Leave out the weights whose names fit a pattern; leave if none does."""
    for pattern in patterns:
        if not (names := fnmatch.filter(weights, pattern)):
            sys.exit(f'--drop {pattern}: no weight has such a name.')
        for name in names:
            del weights[name]


def plain(value: object) -> object:
    """Turn NumPy numbers and dict subclasses into Python's own types."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(item) for item in value)
    return value.tolist() if hasattr(value, 'tolist') else value


def check_and_describe(args: argparse.Namespace, meta: dict) -> None:
    """Check the weights, put the config's text in place of the run's.

    Names that the checkpoint lacks are taken from the config's data. Leaves
    with one line if the weights do not fit or their classes have no names.
    """
    cfg = open_config(args.config, args.cfg_options)
    meta['cfg'] = cfg.pretty_text
    try:
        model = load_model(cfg, str(args.checkpoint), 'cpu')
    except (FileNotFoundError, RuntimeError, ValueError) as error:
        sys.exit(str(error))
    meta['dataset_meta'] = plain(model.dataset_meta)


@tool()
def main() -> None:
    """Read, strip, write, and say what was saved."""
    args = parse_args()
    check_outputs(args.out, reads=(args.checkpoint, args.config))
    if args.trust:
        try:
            checkpoint = torch.load(
                args.checkpoint, map_location='cpu', weights_only=False
            )
        except Exception as error:  # whatever its pickle raises
            sys.exit(f'{args.checkpoint} cannot be loaded: {error!r}')
    else:
        checkpoint = load_checkpoint(args.checkpoint, 'cpu')
    stripped = strip(checkpoint)
    drop(stripped['state_dict'], args.drop)
    if not stripped['state_dict']:
        sys.exit(f'{args.checkpoint} has no weights to keep.')
    if args.config is not None:
        check_and_describe(args, stripped['meta'])
    try:
        save_checkpoint(stripped, args.out)
    except ValueError as error:
        sys.exit(str(error))
    before, after = (p.stat().st_size for p in (args.checkpoint, args.out))
    print(f'{args.out}: {after / 2**20:.1f} MiB (was {before / 2**20:.1f})')


if __name__ == '__main__':
    main()
