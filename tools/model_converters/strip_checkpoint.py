r"""Reduce a checkpoint to the weights that inference needs.

Drops the training-only branches, the optimiser, the schedule, the logs and
the random states. The result loads with `torch.load(..., weights_only=True)`
and works with tools/test.py and demo/image_demo.py.

Example:
    python tools/model_converters/strip_checkpoint.py \
        work_dirs/remax_r50_coco/iter_50000.pth remax_r50_coco.pth
"""

import argparse
from io import BytesIO
from pathlib import Path

import torch

import mmremax  # noqa: F401
from mmremax.engine import AtomicBackend
from mmremax.utils.checkpoint import (
    is_training_only,
    load_checkpoint,
    state_dict_of,
)

KEPT_META = ('dataset_meta', 'iter', 'epoch', 'cfg', 'experiment_name')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('checkpoint', type=Path, help='file of a run')
    parser.add_argument('out', type=Path, help='file to write')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='load a file that may hold code; only if you know its origin',
    )
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


def plain(value: object) -> object:
    """Turn NumPy numbers and dict subclasses into Python's own types."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(item) for item in value)
    return value.tolist() if hasattr(value, 'tolist') else value


def main() -> None:
    """Read, strip, write, and say what was saved."""
    args = parse_args()
    if args.trust:
        checkpoint = torch.load(
            args.checkpoint, map_location='cpu', weights_only=False
        )
    else:
        checkpoint = load_checkpoint(args.checkpoint, 'cpu')
    save(strip(checkpoint), args.out)
    before, after = (p.stat().st_size for p in (args.checkpoint, args.out))
    print(f'{args.out}: {after / 2**20:.1f} MiB (was {before / 2**20:.1f})')


def save(checkpoint: dict, path: Path) -> None:
    """Write a checkpoint in one step."""
    buffer = BytesIO()
    torch.save(checkpoint, buffer)
    AtomicBackend().put(buffer.getvalue(), path)


if __name__ == '__main__':
    main()
