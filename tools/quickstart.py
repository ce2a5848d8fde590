"""Draw a data set, train a small ReMaX on it, write a report with pictures.

Minutes on two CPU cores. `make quickstart` calls it after the set-up:

    python tools/quickstart.py --out work_dirs/quickstart
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

TOOLS = Path(__file__).parent
STUDY = TOOLS.parent / 'configs' / 'studies' / 'quickstart.py'
NUM_TRAIN, NUM_VAL = 2000, 100  # images
PICTURES = ('predictions.png', 'convergence.png')  # to look at first
CONSOLE = Console(highlight=False)


def run(title: str, script: str, *arguments: object) -> None:
    """Run one tool with its output on the screen; stop here if it fails.

    Args:
        title: What it does, for the reader.
        script: Path below tools/.
        arguments: Of the command line, made strings.
    """
    command = [str(TOOLS / script), *map(str, arguments)]
    CONSOLE.rule(f'[bold]{title}')
    CONSOLE.print('[dim]python ' + ' '.join(command), soft_wrap=True)
    start = time.perf_counter()
    status = subprocess.run([sys.executable, *command]).returncode
    if status:
        CONSOLE.print(
            f'[bold red]Failed with exit status {status}:[/] {title}.\n'
            'Its output is above; `make doctor` checks the environment.'
        )
        sys.exit(status)
    CONSOLE.print(f'[dim]{time.perf_counter() - start:.0f} s')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--out',
        type=Path,
        default=Path('work_dirs/quickstart'),
        help='folder of the data set, the run and the report',
    )
    return parser.parse_args()


def tell(study: Path) -> None:
    """Print the scores of the finished run, and where everything is.

    Args:
        study: Folder of its result.json.
    """
    arm = json.loads((study / 'result.json').read_text())['arms'][0]
    first = arm['runs'][0]
    scores = first['final']
    folder = study / arm['name'] / f'seed{first["seed"]}'
    report = study / 'report'
    rows = [
        (
            'PQ',
            f'{scores["PQ"]:.1f} (things {scores["PQ_th"]:.1f}, '
            f'stuff {scores["PQ_st"]:.1f})',
        ),
        *(('picture', report / name) for name in PICTURES),
        ('report', report / 'report.html'),
        ('checkpoint', (folder / 'work/last_checkpoint').read_text().strip()),
        ('log', folder / 'train.log'),
    ]
    for name, value in rows:
        CONSOLE.print(f'{name:<12}{value}', soft_wrap=True)


def main() -> None:
    """Run the steps in order and name what they made."""
    out = parse_args().out
    data, study = out / 'data', out / 'study'
    start = time.perf_counter()
    run(
        '1 of 3: data',
        'dataset_converters/make_shapes.py',
        data,
        '--version',
        'vivid1',
        '--train',
        NUM_TRAIN,
        '--val',
        NUM_VAL,
    )
    run(
        '2 of 3: training',
        'experiments/run.py',
        STUDY,
        '--data-root',
        data,
        '--out',
        study,
        '--retry-failed',
    )
    run('3 of 3: report', 'experiments/report.py', study / 'result.json')
    CONSOLE.rule(f'[bold]Done in {(time.perf_counter() - start) / 60:.1f} min')
    tell(study)


if __name__ == '__main__':
    main()
