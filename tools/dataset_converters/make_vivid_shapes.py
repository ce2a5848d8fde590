"""Make the vivid shapes of the quickstart in COCO-panoptic layout.

Example:
    python tools/dataset_converters/make_vivid_shapes.py data/vivid_shapes
"""

import argparse
from pathlib import Path

from rich.progress import track

from mmremax.datasets.vivid_shapes import make_vivid_shapes


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('out', type=Path, help='folder to write to')
    parser.add_argument(
        '--train', type=int, default=2000, help='training images (2000)'
    )
    parser.add_argument(
        '--val', type=int, default=100, help='validation images (100)'
    )
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        default=(128, 128),
        metavar=('H', 'W'),
        help='image size in pixels (128 128)',
    )
    parser.add_argument('--seed', type=int, default=0, help='seed (0)')
    args = parser.parse_args()
    if min(args.size) < 64:
        parser.error('--size: both sides must be at least 64 pixels')
    return args


def main() -> None:
    """Write the data set and say where it is."""
    args = parse_args()
    images = make_vivid_shapes(
        args.out, args.train, args.val, tuple(args.size), args.seed
    )
    for _ in track(
        images, description='Drawing shapes', total=args.train + args.val
    ):
        pass
    print(f'{args.train} + {args.val} images: {args.out}')


if __name__ == '__main__':
    main()
