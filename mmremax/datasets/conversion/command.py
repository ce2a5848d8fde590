"""The command line of a converter that writes a train and a val split."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.progress import track


def run_command(
    description: str,
    name: str,
    find: Callable[[Path, str], list],
    convert: Callable[[Path, str, Path, int], Iterable],
) -> None:
    """Read the command line, convert the splits and say what was written.

    Leaves with one line if a file is missing or wrong.

    Args:
        description: What the converter does, with an example.
        name: Data set, for the progress bar.
        find: Lists the images of a root and split.
        convert: Converts root, split, output folder and number of threads;
            yields after each image.
    """
    parser = argparse.ArgumentParser(
        description=description,
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
    args = parser.parse_args()
    out = args.out or args.root
    try:
        for split in args.splits:
            count = len(find(args.root, split))
            done = convert(args.root, split, out, args.workers)
            for _ in track(done, f'{name} {split}', total=count):
                pass
            print(f'{out}/panoptic_{split}.json: {count} images')
    except (OSError, ValueError) as error:
        sys.exit(str(error))
