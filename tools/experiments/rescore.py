"""Test the finished runs of a study again, with other inference settings.

Examples:
    python tools/experiments/rescore.py work_dirs/studies/eta \
        --out eta_rescored.json \
        --cfg-options model.test_cfg.thing_threshold=0.2

What it writes is read as result.json is: by report.py, figures.py, table.py.
The same command goes on after a stop.
"""

import mmremax  # noqa: F401 (first: it makes mmdet importable)

# isort: split
import argparse
import json
import shlex
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track

from mmremax.experiments import (
    StudyError,
    result_table,
)
from mmremax.experiments.report import (
    ReportError,
    load_result,
)
from mmremax.experiments.rescore import (
    rescore_run,
    with_scores,
)
from mmremax.experiments.run_folder import (
    RunFolder,
    write_json,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'study', type=Path, help='folder of result.json and the runs'
    )
    parser.add_argument(
        '--out', type=Path, required=True, metavar='FILE', help='to write'
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        required=True,
        metavar='KEY=VALUE',
        help='as of tools/test.py',
    )
    parser.add_argument('--arms', nargs='+', metavar='ARM', help='these alone')
    return parser.parse_args()


def main() -> None:
    """Test, write, print the table."""
    args = parse_args()
    options = ['--cfg-options', *args.cfg_options]
    try:
        result = load_result(args.study)
        if args.arms:
            result = result.select(args.arms)
        runs = [
            (arm.name, run['seed'])
            for arm in result.arms
            for run in arm.finished
        ]
        scores = {}
        for name, seed in track(runs, 'Testing'):
            path = args.study / name / f'seed{seed}'
            scores[name, seed] = rescore_run(
                RunFolder(path, name, seed), result.study['metric'], options
            )
    except (ReportError, StudyError) as error:
        sys.exit(str(error))
    content = json.loads((args.study / 'result.json').read_text())
    command = shlex.join(['python', *sys.argv])
    rescored = with_scores(content, scores, command)
    write_json(args.out, rescored)
    console = Console(highlight=False)
    console.print(result_table(rescored))
    console.print(f'result      {args.out}', soft_wrap=True)


if __name__ == '__main__':
    main()
