"""Make synthetic data, train a small ReMaX on it, score it, draw pictures.

Minutes on two CPU cores. Run again, it continues where it stopped:

    python tools/quickstart.py --out work_dirs/quickstart
"""

import argparse
import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).parent
CONFIG = TOOLS.parent / 'configs' / 'quickstart' / 'remax_mnv3-s_shapes.py'
NUM_TRAIN, NUM_VAL = 2000, 100  # images


def run(script: str, *arguments: object) -> None:
    """Run a tool with its output on the screen; stop here if it fails."""
    command = [str(TOOLS / script), *map(str, arguments)]
    print('\n$ python', *command, flush=True)
    status = subprocess.run([sys.executable, *command]).returncode
    if status:
        print(f'{script} failed: see above; `make doctor` may name the cause.')
        sys.exit(status)


def main() -> None:
    """Make data, train, test, show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=Path, default='work_dirs/quickstart')
    out = parser.parse_args().out
    data, work = ('--data-root', out / 'data'), ('--work-dir', out / 'run')
    images = ('--train', NUM_TRAIN, '--val', NUM_VAL)
    run(
        'dataset_converters/make_shapes.py',
        out / 'data',
        '--version=vivid1',
        *images,
    )
    run('train.py', CONFIG, *data, *work, '--no-pretrained', '--resume')
    checkpoint = (out / 'run' / 'last_checkpoint').read_text().strip()
    run('test.py', CONFIG, checkpoint, *data, *work)
    pictures = ('--num', 4, '--out', out / 'pictures')
    run('analysis/show_predictions.py', CONFIG, checkpoint, *data, *pictures)
    run('analysis/plot_run.py', out / 'run', '--out', out / 'pictures/curves.png')


if __name__ == '__main__':
    main()
