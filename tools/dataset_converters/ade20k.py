"""Convert ADE20K to COCO-panoptic layout (150 classes, 100 of them things).

ROOT is ADEChallengeData2016, as its zip unpacks, with the instance maps of
the 2017 challenge (annotations_instance.tar) unpacked into it:
    images/{training,validation}/ADE_*.jpg
    annotations/{training,validation}/ADE_*.png
    annotations_instance/{training,validation}/ADE_*.png
Written to ROOT: panoptic_{train,val}.json and panoptic_{train,val}/*.png,
as configs/_base_/datasets/ade20k_panoptic.py reads them.

Example:
    python tools/dataset_converters/ade20k.py data/ADEChallengeData2016
"""

import argparse
import sys
from pathlib import Path

from rich.progress import track

from mmremax.datasets.conversion.ade20k import convert_ade20k, find_images


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('root', type=Path, help='ADEChallengeData2016')
    parser.add_argument('--out', type=Path, help='folder to write to (ROOT)')
    parser.add_argument(
        '--splits',
        nargs='+',
        choices=['train', 'val'],
        default=['train', 'val'],
        help='what to convert (train val)',
    )
    parser.add_argument(
        '--workers', type=int, default=4, help='number of threads (4)'
    )
    return parser.parse_args()


def main() -> None:
    """Convert the splits and say what was written."""
    args = parse_args()
    out = args.out or args.root
    try:
        for split in args.splits:
            count = len(find_images(args.root, split))
            done = convert_ade20k(args.root, split, out, args.workers)
            for _ in track(done, f'ADE20K {split}', total=count):
                pass
            print(f'{out}/panoptic_{split}.json: {count} images')
    except (OSError, ValueError) as error:
        sys.exit(str(error))


if __name__ == '__main__':
    main()
