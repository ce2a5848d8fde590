"""Draw the figures of the ReMaX paper from runs of one's own.

python tools/experiments/figures.py convergence RESULT.json --out fig4.png
python tools/experiments/figures.py histogram RESULT.json --out fig6.png
python tools/experiments/figures.py pareto --add mine.csv --out fig5.png
"""

import mmremax  # noqa: F401 (first: it makes mmdet importable)

# isort: split
import argparse
import sys
from pathlib import Path

from mmremax.experiments.report import (
    ReportError,
    load_result,
)
from mmremax.experiments.report.curves import (
    convergence,
    histogram,
)
from mmremax.experiments.report.panel import draw_row
from mmremax.experiments.report.pareto import (
    draw_pareto,
    read_points,
)
from mmremax.experiments.report.pictures import to_png

PUBLISHED = Path(__file__).with_name('pareto.csv')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest='figure', required=True)
    for name, what in (
        ('convergence', 'score over iterations (Fig. 4)'),
        ('histogram', 'log10(FP / FN) over training (Fig. 1 and 6)'),
    ):
        command = commands.add_parser(name, help=what, description=what)
        command.add_argument(
            'results',
            nargs='+',
            type=Path,
            metavar='RESULT.json',
            help='of tools/experiments/run.py; each makes a panel',
        )
        command.add_argument(
            '--arms', nargs='+', metavar='ARM', help='only these arms'
        )
        if name == 'histogram':
            command.add_argument(
                '--name', default='log10_fp_fn', help='of the histogram'
            )
    what = 'speed against quality (Fig. 5)'
    command = commands.add_parser('pareto', help=what, description=what)
    command.add_argument(
        '--add',
        nargs='+',
        type=Path,
        default=[],
        metavar='CSV',
        help='tables of your own models, with the columns of pareto.csv',
    )
    command.add_argument(
        '--data', default='COCO val', help="rows' column `data` (COCO val)"
    )
    for command in commands.choices.values():
        command.add_argument(
            '--out', type=Path, help='PNG to write (FIGURE.png)'
        )
    return parser.parse_args()


def draw(args: argparse.Namespace) -> Path:
    """Draw what was asked for and return the file."""
    out = args.out or Path(f'{args.figure}.png')
    if args.figure == 'pareto':
        points = read_points([PUBLISHED, *args.add], args.data)
        return to_png(draw_pareto(points), out)
    results = [load_result(path) for path in args.results]
    if args.arms:
        results = [result.select(args.arms) for result in results]
    is_histogram = args.figure == 'histogram'
    panel = histogram(args.name) if is_histogram else convergence
    return to_png(draw_row(panel, results), out)


def main() -> None:
    """Draw and say where."""
    args = parse_args()
    try:
        print(f'figure      {draw(args)}')
    except ReportError as error:
        sys.exit(str(error))


if __name__ == '__main__':
    main()
