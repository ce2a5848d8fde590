"""Train the arms of a study and compare them.

Examples:
    python tools/experiments/run.py configs/studies/convergence.py \
        --data-root data/shapes
    python tools/experiments/run.py STUDY.py --seeds 5 --budget 240

The same command goes on after a stop or a kill. How to write a study, and
what result.json holds: docs/experiments.md.
"""

import mmremax  # noqa: F401 (first: it makes mmdet importable)

# isort: split
import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from mmremax.experiments import (
    StudyError,
    StudyRunner,
    load_study,
    result_table,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('study', help='a file of configs/studies/')
    parser.add_argument(
        '--seeds', type=int, metavar='N', help='seeds 0 to N - 1, for its own'
    )
    parser.add_argument(
        '--budget',
        type=float,
        metavar='MINUTES',
        help='start no run that would end later, counted from this call',
    )
    parser.add_argument(
        '--data-root', metavar='DIR', help='folder of the data of all arms'
    )
    parser.add_argument(
        '--out',
        type=Path,
        help='folder of result.json and the runs (work_dirs/studies/NAME)',
    )
    parser.add_argument(
        '--jobs',
        type=int,
        default=1,
        metavar='J',
        help='runs at a time; they share the threads',
    )
    parser.add_argument('--arms', metavar='A,B', help='run these arms alone')
    parser.add_argument(
        '--retry-failed',
        action='store_true',
        help='try failed runs again, from their last checkpoint',
    )
    parser.add_argument(
        '--reuse',
        type=Path,
        metavar='DIR',
        help='copy finished runs of equal settings from the studies in DIR '
        '(work_dirs/studies) instead of training them again',
    )
    return parser.parse_args()


def main() -> int:
    """Run, print the table, say what failed.

    Returns:
        Exit status: 1 if a run failed.
    """
    args = parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        study = load_study(args.study)
        if args.seeds is not None:
            if args.seeds < 1:
                raise StudyError('--seeds must be at least 1.')
            study = replace(study, seeds=tuple(range(args.seeds)))
        out = args.out or Path('work_dirs/studies') / study.name
        result = StudyRunner(
            study,
            out,
            data_root=args.data_root,
            jobs=args.jobs,
            budget=args.budget,
            arms=args.arms.split(',') if args.arms else None,
            retry_failed=args.retry_failed,
            reuse=args.reuse,
        ).run()
    except StudyError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        Console(stderr=True).print(
            'Stopped. The same command goes on from the last checkpoints.'
        )
        return 130
    console = Console(highlight=False)
    console.print(result_table(result))
    console.print(f'result      {out / "result.json"}', soft_wrap=True)
    failed = [
        f'{arm["name"]}, seed {run["seed"]}'
        for arm in result['arms']
        for run in arm['runs']
        if run['status'] == 'failed'
    ]
    if failed:
        console.print(
            f'failed      {"; ".join(failed)} (--retry-failed runs them '
            'again; the errors are in result.json)',
            soft_wrap=True,
        )
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
