"""Make the report of a study: one HTML page and PNGs.

python tools/experiments/report.py work_dirs/studies/eta/result.json
"""

import mmremax  # noqa: F401 (first: it makes mmdet importable)

# isort: split
import argparse
import sys
from pathlib import Path

from mmremax.experiments.report import (
    ReportError,
    load_result,
    write_report,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'result',
        type=Path,
        help='result.json of tools/experiments/run.py, or its folder',
    )
    parser.add_argument(
        '--out', type=Path, help="folder (default: report, in result's)"
    )
    return parser.parse_args()


def main() -> None:
    """Read, write, say where."""
    args = parse_args()
    try:
        result = load_result(args.result)
        files = write_report(result, args.out or result.path.parent / 'report')
    except ReportError as error:
        sys.exit(str(error))
    print(f'report      {files[0]}')
    for path in files[1:]:
        print(f'picture     {path}')


if __name__ == '__main__':
    main()
