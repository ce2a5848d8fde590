"""A study whose train.py and test.py are a few lines and train nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from mmremax.studies import run as run_module
from mmremax.studies import runner
from mmremax.studies.study import load_study
from tests.helpers.toy import toy_config

# Logs as mmengine does, 10 steps at a time; PQ is step + 100 lr + seed.
TRAIN = """
import json, re, sys, time
from pathlib import Path

config, _, work, _, _, seed, *arguments = sys.argv[1:]
text, work, seed = Path(config).read_text(), Path(work), int(seed)
lr = float(re.search(r'\\blr=([\\d.]+)', text)[1])
max_iters = int(re.search(r'max_iters=(\\d+)', text)[1])
starts = len(list(work.glob('start*')))
log = work / f'start{starts}' / 'vis_data' / 'scalars.json'
log.parent.mkdir(parents=True)
steps = [int(p.stem[5:]) for p in work.glob('iter_*.pth')]
step = max(steps, default=0)
with open(Path(__file__).with_name('order.txt'), 'a') as file:
    print(lr, seed, step, *arguments, file=file)
with log.open('a') as file:
    def write(**record):
        print(json.dumps(record), file=file, flush=True)
    while step < max_iters:
        step += 10
        if lr == 0.5 and step == 30:
            print('a line before')
            sys.exit('CUDA out of memory')
        if lr == 0.25 and step == 30 and seed + starts == 0:
            time.sleep(60)  # to be killed here
        write(loss=1 / step, time=0.1, grad_norm=2.0, step=step,
              **{'d0.fp_fn_ratio': 1000.0, 'd0.loss_mask': 1.0,
                 'd0.m_hat_mean': 2.5})
        if step % 20 == 0:
            (work / f'iter_{step}.pth').touch()
            if lr != 0.125 or step < max_iters:  # the last one is lost
                write(step=step, **{
                    'toy/PQ': step + 100 * lr + seed, 'toy/SQ': float('nan')})
"""
TEST = """
import json, sys
from pathlib import Path

arguments = dict(zip(sys.argv[3::2], sys.argv[4::2]))
better = float(arguments.get('--cfg-options', 'x=0').split('=')[1])
step = int(Path(sys.argv[2]).stem[5:])
with open(Path(__file__).with_name('order.txt'), 'a') as file:
    print('test', better, file=file)
name = 'toy/PQ' if better < 9 else 'toy/RQ'
Path(arguments['--json']).write_text(
    json.dumps(dict(scores={name: step + better})))
"""


def write_study(folder: Path, **arms: float) -> Path:
    """Write a config and a study file with one arm for each rate."""
    toy_config(folder, max_iters=40)
    (folder / 'train.py').write_text(TRAIN)
    (folder / 'test.py').write_text(TEST)
    lines = [
        f'{name}=dict(config="toy.py", '
        f'options={{"optim_wrapper.optimizer.lr": {rate}}}),'
        for name, rate in arms.items()
    ]
    path = folder / 'study.py'
    path.write_text(
        "title = 'Toy'\nclaim = 'none'\npaper = 'none'\nseeds = 2\n"
        f"metric = 'toy/PQ'\nbaseline = {next(iter(arms))!r}\n"
        f'arms = dict({" ".join(lines)})\n'
    )
    return path


@contextmanager
def toy_scripts(folder: Path) -> Iterator[None]:
    """Let the runner call the scripts of `write_study`."""
    with (
        mock.patch.multiple(runner, TOOLS=folder, POLL_SECONDS=0.02),
        mock.patch.object(run_module, 'TOOLS', folder),
    ):
        yield


def run(path: Path, **options) -> dict[str, list[dict]]:
    """Run a study of `write_study`; its runs by arm."""
    folder = path.parent
    with toy_scripts(folder):
        file = runner.run_study(load_study(path), folder / 'out', **options)
    content = json.loads(file.read_text())
    return {arm['name']: arm['runs'] for arm in content['arms']}


def order_of(path: Path) -> list[str]:
    """Read rate, seed and first step of every process, in order."""
    return (path.parent / 'order.txt').read_text().splitlines()
