"""Print a study's result as a Markdown table, or renew those of a document.

Examples:
    python tools/experiments/table.py scores RESULT.json
    python tools/experiments/table.py curve RESULT.json --arms kmax remax
    python tools/experiments/table.py diagnostics RESULT.json \
        --names m_hat_matched m_hat_unmatched --steps 550-600
    python tools/experiments/table.py write docs/evidence.md

`write` renews each table below a line <!-- table.py ARGUMENTS -->; the paths
in it start at the current folder.
"""

import mmremax  # noqa: F401 (first: it makes mmdet importable)

# isort: split
import argparse
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from mmremax.experiments.report import (
    ReportError,
    load_result,
)
from mmremax.experiments.report.markdown import (
    curve_table,
    diagnostic_table,
    score_table,
)

TABLE = re.compile(r'<!-- table\.py (.+?) -->\n\n(?:(?:\|.*\n)+\n?)?')


def window(text: str) -> tuple[int, int]:
    """Read FIRST-LAST."""
    first, last = text.split('-')
    return int(first), int(last)


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line, or the line above a table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest='command', required=True)
    for name, what in (
        ('scores', 'final scores of the arms'),
        ('curve', 'the score after each validation'),
        ('diagnostics', 'means of what the stages logged'),
    ):
        command = commands.add_parser(name, help=what, description=what)
        command.add_argument('result', type=Path, metavar='RESULT.json')
        command.add_argument('--arms', nargs='+', metavar='ARM')
        if name == 'scores':
            command.add_argument(
                '--scores', nargs='+', help="default: the study's metric"
            )
            command.add_argument(
                '--baseline',
                metavar='ARM',
                help="of the differences; default: the study's",
            )
        if name == 'curve':
            command.add_argument('--score', help="default: the study's metric")
        if name == 'diagnostics':
            command.add_argument(
                '--names',
                nargs='+',
                required=True,
                help='without the stage, as m_hat_matched or fp_fn_ratio',
            )
            command.add_argument(
                '--steps',
                nargs='+',
                type=window,
                required=True,
                metavar='FIRST-LAST',
            )
            command.add_argument('--log10', action='store_true')
            command.add_argument(
                '--over-stages',
                action='store_true',
                help='one mean of all stages in place of one for each',
            )
    what = 'renew the tables of a document'
    command = commands.add_parser('write', help=what, description=what)
    command.add_argument('document', type=Path)
    return parser.parse_args(arguments)


def make_table(args: argparse.Namespace) -> str:
    """Make the table that the arguments ask for.

    Raises:
        ReportError: The file is no result, or lacks what is asked for.
    """
    result = load_result(args.result)
    if args.command == 'scores':
        return score_table(
            result,
            args.scores or [result.metric],
            args.arms,
            args.baseline,
        )
    if args.command == 'curve':
        return curve_table(result, args.score or result.metric, args.arms)
    return diagnostic_table(
        result,
        args.names,
        args.steps,
        args.arms,
        args.log10,
        args.over_stages,
    )


def renew(text: str) -> str:
    """Replace each table below its line of arguments.

    Args:
        text: Of a document.

    Returns:
        The text with its tables made anew.
    """

    def table(match: re.Match) -> str:
        args = parse_args(shlex.split(match[1]))
        return f'<!-- table.py {match[1]} -->\n\n{make_table(args)}\n\n'

    return TABLE.sub(table, text)


def main() -> None:
    """Print or write."""
    args = parse_args()
    try:
        if args.command != 'write':
            print(make_table(args))
            return
        text = args.document.read_text()
        args.document.write_text(renew(text))
        count = len(TABLE.findall(text))
        print(f'{args.document}: {count} tables')
    except (ReportError, OSError) as error:
        sys.exit(str(error))


if __name__ == '__main__':
    main()
