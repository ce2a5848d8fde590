"""Plot the losses and the panoptic quality that a run logged.

python tools/analysis/plot_run.py work_dirs/remax_r50_coco
"""

import argparse
import sys
from pathlib import Path

from mmremax.utils.tool import tool
from mmremax.visualization import plot_run


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'work_dir', type=Path, help='folder of a run, or one scalars.json'
    )
    parser.add_argument(
        '--out',
        type=Path,
        help='PNG to write, or a folder for curve.png (default: work_dir)',
    )
    return parser.parse_args()


@tool()
def main() -> None:
    """Read, plot, say where."""
    args = parse_args()
    out = args.out
    if out is None:
        is_folder = args.work_dir.is_dir()
        out = args.work_dir if is_folder else args.work_dir.parent
    if out.suffix != '.png':
        out = out / 'curve.png'
    try:
        print(f'curve       {plot_run(args.work_dir, out)}')
    except ValueError as error:
        sys.exit(str(error))


if __name__ == '__main__':
    main()
