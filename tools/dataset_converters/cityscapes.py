"""Convert Cityscapes to COCO-panoptic layout (19 classes, train ids).

ROOT holds what leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip
unpack to:
    leftImg8bit/{train,val}/CITY/*_leftImg8bit.png
    gtFine/{train,val}/CITY/*_gtFine_instanceIds.png
Written to ROOT: panoptic_{train,val}.json and panoptic_{train,val}/*.png,
as configs/_base_/datasets/cityscapes_panoptic.py reads them.

Example:
    python tools/dataset_converters/cityscapes.py data/cityscapes
"""

import argparse
import sys
from pathlib import Path

from rich.progress import track

from mmremax.datasets.conversion.cityscapes import (
    convert_cityscapes,
    find_instance_maps,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('root', type=Path, help='folder of the download')
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
            count = len(find_instance_maps(args.root, split))
            done = convert_cityscapes(args.root, split, out, args.workers)
            for _ in track(done, f'Cityscapes {split}', total=count):
                pass
            print(f'{out}/panoptic_{split}.json: {count} images')
    except (OSError, ValueError) as error:
        sys.exit(str(error))


if __name__ == '__main__':
    main()
