"""Draw a data set, train a small ReMaX on it, score it, make pictures.

Minutes on two CPU cores. `make quickstart` calls it after the set-up:

    python tools/quickstart.py --out work_dirs/quickstart
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

TOOLS = Path(__file__).parent
CONFIG = TOOLS.parent / 'configs' / 'quickstart' / 'remax_mnv3-s_shapes.py'
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
        help='folder of the data set, the run and the pictures',
    )
    return parser.parse_args()


def main() -> None:
    """Run the steps in order and name what they made."""
    out = parse_args().out
    data, work_dir = out / 'data', out / 'run'
    start = time.perf_counter()
    run(
        '1 of 4: data',
        'dataset_converters/make_vivid_shapes.py',
        data,
    )
    run(
        '2 of 4: training',
        'train.py',
        CONFIG,
        '--no-pretrained',
        '--data-root',
        data,
        '--work-dir',
        work_dir,
    )
    checkpoint = Path((work_dir / 'last_checkpoint').read_text().strip())
    test = out / 'test'
    run(
        '3 of 4: scores',
        'test.py',
        CONFIG,
        checkpoint,
        '--data-root',
        data,
        '--work-dir',
        test,
    )
    run('4 of 4: curve', 'analysis/plot_run.py', work_dir, '--out', out)
    run(
        '4 of 4: pictures',
        'analysis/show_predictions.py',
        CONFIG,
        checkpoint,
        '--data-root',
        data,
        '--out',
        out,
    )
    CONSOLE.rule(f'[bold]Done in {(time.perf_counter() - start) / 60:.1f} min')
    for picture in sorted(out.glob('*.png')):
        CONSOLE.print(f'picture     {picture}', soft_wrap=True)
    CONSOLE.print(f'checkpoint  {checkpoint}', soft_wrap=True)
    CONSOLE.print(f'log         {work_dir}', soft_wrap=True)


if __name__ == '__main__':
    main()
