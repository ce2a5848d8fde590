"""Train the arms of a study and compare them: docs/studies.md.

Examples:
    python tools/study.py run configs/studies/convergence.py \
        --data-root data/vivid
    python tools/study.py table scores RESULT.json --scores PQ PQ_th PQ_st
    python tools/study.py figure convergence RESULT.json --out out.png
    python tools/study.py write docs/studies/README.md

Re-running the first command resumes an interrupted study. Ctrl-C or SIGTERM
lets the trainings finish their step and write a checkpoint; again: at once.
The last renews each table of a document below a line
<!-- study.py table ARGUMENTS -->.
"""

import argparse
import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from mmremax.studies import result
from mmremax.studies.figures import FIGURES, draw
from mmremax.studies.runner import run_study
from mmremax.studies.study import StudyError, load_study
from mmremax_runtime.errors import InputError, one_line
from mmremax_runtime.files import write_text
from mmremax_runtime.opening import count, png

TABLE = re.compile(r'<!-- study\.py (table .+?) -->\n\n(?:(?:\|.*\n)+\n?)?')


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line, or the line above a table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest='command', required=True)
    run = commands.add_parser('run', help='train, test, write the result')
    add = run.add_argument
    add('study', type=Path, help='a file of configs/studies/')
    add('--seeds', type=count, metavar='N', help='seeds 0 to N - 1')
    add('--data-root', metavar='DIR', help='folder of the data of all arms')
    add('--out', type=Path, default='work_dirs/studies', help='of all studies')
    add('--jobs', type=count, default=1, help='runs at a time')
    text = 'score with other settings of inference; writes rescored.json'
    add('--test-options', nargs='+', default=[], metavar='K=VALUE', help=text)
    add('--arms', nargs='+', default=['*'], metavar='ARM', help='these alone')
    table = commands.add_parser('table', help='print a table in Markdown')
    add = table.add_argument
    add('kind', choices=['scores', 'curve', 'diagnostics'])
    add('result', type=Path, metavar='RESULT.json')
    add('--arms', nargs='+', metavar='ARM', help='these alone')
    add('--scores', nargs='+', help="default: the study's")
    add('--baseline', metavar='ARM', help='of the differences')
    add('--names', nargs='+', default=['fp_fn_ratio'], help='of diagnostics')
    how = dict(type=span, default=[(0, 100)], metavar='FIRST-LAST')
    add('--steps', nargs='+', **how)
    add('--log10', action='store_true')
    add('--over-layers', action='store_true')
    figure = commands.add_parser('figure', help='draw a result')
    add = figure.add_argument
    add('kind', choices=[*FIGURES])
    add('results', type=Path, nargs='+', metavar='RESULT.json')
    add('--arms', nargs='+', metavar='ARM', help='these alone')
    add('--out', type=png, required=True, metavar='PNG')
    write = commands.add_parser('write', help='renew tables of a document')
    write.add_argument('document', type=Path)
    return parser.parse_args(arguments)


def span(text: str) -> tuple[int, int]:
    """Read FIRST-LAST, for argparse."""
    first, last = map(int, text.split('-'))
    return first, last


def run(args: argparse.Namespace) -> int:
    """Run and print the tables; 1 if a run failed."""
    study = load_study(args.study)
    if args.seeds is not None:
        study.seeds = [*range(args.seeds)]
    how = args.data_root, args.jobs, args.arms, args.test_options
    file = run_study(study, args.out, *how)
    found = result.read_result(file)
    tables = result.score_table(found), result.curve_table(found)
    print(f'result      {file}', *tables, sep='\n\n')
    runs = [run for arm in found.arms for run in arm['runs']]
    return int(any(run['status'] == 'failed' for run in runs))


def make_table(args: argparse.Namespace) -> str:
    """Make the table that the arguments ask for."""
    found = result.read_result(args.result).select(args.arms)
    if args.kind == 'scores':
        return result.score_table(found, args.scores, args.baseline)
    if args.kind == 'curve':
        return result.curve_table(found, args.scores)
    how = args.names, args.steps, args.log10, args.over_layers
    return result.diagnostic_table(found, *how)


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
    """Do what was asked for; return the exit status."""
    args = parse_args()
    try:
        if args.command == 'run':
            return run(args)
        if args.command == 'write':
            try:
                text = renew(args.document.read_text())
            except ValueError as error:  # no text, no words of a shell
                sys.exit(f'{args.document}: {error}')
            write_text(args.document, text)
        elif args.command == 'table':
            print(make_table(args))
        else:
            found = map(result.read_result, args.results)
            chosen = [one.select(args.arms) for one in found]
            draw(args.kind, chosen, args.out)
    except (StudyError, InputError, OSError) as error:
        sys.exit(one_line(error))
    except KeyboardInterrupt:
        print('Stopped; the same command goes on.', file=sys.stderr)
        return os.EX_TEMPFAIL
    return 0


if __name__ == '__main__':
    sys.exit(main())
