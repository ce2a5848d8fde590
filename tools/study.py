"""Train the arms of a study and compare them: docs/studies.md.

Examples:
    python tools/study.py run configs/studies/convergence.py \
        --data-root data/vivid
    python tools/study.py table scores RESULT.json --scores PQ PQ_th PQ_st
    python tools/study.py figure convergence RESULT.json --out out.png
    python tools/study.py write docs/studies/README.md

Re-running the first command resumes an interrupted study. The last renews
each table of a document below a line <!-- study.py table ARGUMENTS -->.
"""

import mmremax  # noqa: F401 (first: it makes mmdet importable)

# isort: split
import argparse
import re
import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mmremax.studies import (
    ResultError,
    StudyError,
    StudyRunner,
    curve_table,
    diagnostic_table,
    draw,
    load_study,
    read_result,
    score_table,
)

TABLE = re.compile(r'<!-- study\.py (table .+?) -->\n\n(?:(?:\|.*\n)+\n?)?')


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line, or the line above a table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest='command', required=True)
    run = commands.add_parser('run', help='train, test, write the result')
    run.add_argument('study', type=Path, help='a file of configs/studies/')
    run.add_argument(
        '--seeds', type=int, metavar='N', help='seeds 0 to N - 1, for its own'
    )
    run.add_argument(
        '--data-root', metavar='DIR', help='folder of the data of all arms'
    )
    run.add_argument(
        '--out',
        type=Path,
        default=Path('work_dirs/studies'),
        help='folder of the runs and of the results of all studies '
        '(work_dirs/studies)',
    )
    run.add_argument(
        '--jobs', type=int, default=1, metavar='J', help='runs at a time'
    )
    run.add_argument(
        '--test-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='score with other settings of inference, as --cfg-options of '
        'tools/test.py; writes rescored.json',
    )
    table = commands.add_parser('table', help='print a table in Markdown')
    table.add_argument('kind', choices=['scores', 'curve', 'diagnostics'])
    table.add_argument('result', type=Path, metavar='RESULT.json')
    table.add_argument('--scores', nargs='+', help="default: the study's")
    table.add_argument('--baseline', metavar='ARM', help='of the differences')
    table.add_argument('--names', nargs='+', help='of diagnostics')
    table.add_argument(
        '--steps',
        nargs='+',
        metavar='FIRST-LAST',
        type=lambda text: tuple(map(int, text.split('-'))),
    )
    table.add_argument('--log10', action='store_true')
    table.add_argument('--over-layers', action='store_true')
    figure = commands.add_parser('figure', help='draw, a panel for a result')
    figure.add_argument(
        'kind', choices=['convergence', 'differences', 'fp-fn']
    )
    figure.add_argument('result', type=Path, nargs='+', metavar='RESULT.json')
    figure.add_argument('--out', type=Path, required=True, metavar='PNG')
    for command in (run, table, figure):
        command.add_argument(
            '--arms', nargs='+', metavar='ARM', help='these alone'
        )
    write = commands.add_parser('write', help='renew tables of a document')
    write.add_argument('document', type=Path)
    return parser.parse_args(arguments)


def run_study(args: argparse.Namespace) -> int:
    """Run, report, say what failed; 1 if anything did."""
    study = load_study(args.study)
    if args.seeds is not None:
        study = replace(study, seeds=tuple(range(args.seeds)))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    file = StudyRunner(
        study,
        args.out,
        data_root=args.data_root,
        jobs=args.jobs,
        arms=args.arms or ['*'],
        options=args.test_options,
    ).run()
    print(f'result      {file}')
    result = read_result(file)
    tables = [score_table(result), curve_table(result)]
    page = '\n\n'.join([f'# {study.title}', study.claim, *tables]) + '\n'
    file.with_suffix('.md').write_text(page)
    for kind in ('convergence', 'differences', 'fp-fn'):
        try:
            draw(kind, [result], file.with_name(f'{file.stem}_{kind}.png'))
        except ResultError as error:
            print(error)
    print(f'tables      {file.with_suffix(".md")}\n\n{tables[0]}')
    failed = [
        f'{arm["name"]}, seed {run["seed"]}'
        for arm in result.arms
        for run in arm['runs']
        if run['status'] == 'failed'
    ]
    if failed:
        print(f'\nfailed      {"; ".join(failed)}; the errors are in {file}')
    return 1 if failed else 0


def make_table(args: argparse.Namespace) -> str:
    """Make the table that the arguments ask for."""
    result = read_result(args.result)
    if args.kind == 'scores':
        return score_table(result, args.arms, args.scores, args.baseline)
    if args.kind == 'curve':
        return curve_table(result, args.arms, args.scores)
    if not (args.names and args.steps):
        raise ResultError('diagnostics need --names and --steps.')
    return diagnostic_table(
        result, args.arms, args.names, args.steps, args.log10, args.over_layers
    )


def renew(text: str) -> str:
    """Replace each table below its line of arguments."""
    return TABLE.sub(
        lambda match: (
            f'<!-- study.py {match[1]} -->\n\n'
            f'{make_table(parse_args(shlex.split(match[1])))}\n\n'
        ),
        text,
    )


def main() -> int:
    """Do what was asked for.

    Returns:
        Exit status.
    """
    args = parse_args()
    try:
        if args.command == 'run':
            return run_study(args)
        if args.command == 'write':
            args.document.write_text(renew(args.document.read_text()))
        elif args.command == 'table':
            print(make_table(args))
        else:
            results = [read_result(path) for path in args.result]
            if args.arms:
                results = [result.select(args.arms) for result in results]
            draw(args.kind, results, args.out)
    except (ResultError, StudyError, OSError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        print('Stopped; the same command resumes.', file=sys.stderr)
        return 130
    return 0


if __name__ == '__main__':
    sys.exit(main())
