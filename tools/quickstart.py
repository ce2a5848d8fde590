"""Make synthetic data, train a small ReMaX on it, score it, draw pictures.

Minutes on two CPU cores. Run again, it continues where it stopped:

    python tools/quickstart.py --out work_dirs/quickstart
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

TOOLS = Path(__file__).parent
CONFIG = TOOLS.parent / 'configs' / 'quickstart' / 'remax_mnv3-s_shapes.py'
NUM_TRAIN, NUM_VAL = 2000, 100  # images


def run(script: str, *arguments: object) -> None:
    """Run a tool with its output on the screen; stop here if it fails."""
    command = [str(TOOLS / script), *map(str, arguments)]
    print('\n$ python', *command, flush=True)
    status = subprocess.run([sys.executable, *command]).returncode
    if status == os.EX_TEMPFAIL:
        sys.exit('Stopped; the same command goes on.')
    if status:
        print(f'{script} failed, see above; `make doctor` may say why.')
        sys.exit(status)


def main() -> None:
    """Make data, train, test, show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=Path, default='work_dirs/quickstart')
    out = parser.parse_args().out
    # Ctrl-C reaches the training, which saves what it has; wait for it.
    signal.signal(signal.SIGINT, lambda *_: None)
    data, work, pictures = out / 'data', out / 'run', out / 'pictures'
    if not (out / 'curves.png').is_file():  # the last thing that is made
        if not (data / 'annotations' / 'panoptic_val.json').is_file():
            images = f'--train={NUM_TRAIN}', f'--val={NUM_VAL}'
            script = 'dataset_converters/make_shapes.py'
            run(script, data, '--version=vivid1', *images)
        common = f'--data-root={data}', f'--work-dir={work}'
        run('train.py', CONFIG, *common, '--no-pretrained', '--resume')
        weights = (work / 'last_checkpoint').read_text().strip()
        run('test.py', CONFIG, weights, *common, f'--json={out}/scores.json')
        show = f'--data-root={data}', f'--out={pictures}', '--num=4'
        run('analysis/show_predictions.py', CONFIG, weights, *show)
        rows = [np.asarray(Image.open(p)) for p in sorted(pictures.iterdir())]
        Image.fromarray(np.concatenate(rows)).save(out / 'predictions.png')
        run('analysis/plot_run.py', work, f'--out={out}/curves.png')
    print(f'\nFinished: {out}/predictions.png, curves.png and scores.json.')
    print(f'Remove {out} to start anew.')


if __name__ == '__main__':
    main()
