"""A study whose runs are a script of a few lines, and train nothing."""

import json
import sys
from pathlib import Path

from mmremax.experiments import (
    StudyRunner,
    load_study,
)
from mmremax.experiments.run_folder import RunFolder
from tests.helpers.toy import toy_config

# Logs as mmengine does, 10 steps at a time; PQ is step + 100 lr + seed.
SCRIPT = """
import json, os, signal, sys, time
from pathlib import Path

work, lr, seed, max_iters, order = sys.argv[1:]
work, lr, seed = Path(work), float(lr), int(seed)
starts = len(list(work.glob('start*')))
log = work / f'start{starts}' / 'vis_data' / 'scalars.json'
log.parent.mkdir(parents=True)
pointer = work / 'last_checkpoint'
step = int(pointer.read_text()) if pointer.exists() else 0
with open(order, 'a') as file:
    file.write(f'{work.parent} {step}\\n')
with log.open('a') as file:
    def write(**record):
        file.write(json.dumps(record) + '\\n')
        file.flush()
    while step < int(max_iters):
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
            if lr != 0.125:
                write(step=step, **{
                    'toy/PQ': step + 100 * lr + seed, 'toy/SQ': float('nan')})
            pointer.write_text(str(step))
"""


def write_study(folder: Path, max_iters: int = 40, **arms: float) -> Path:
    """Write a config and a study file with one arm for each rate."""
    folder.mkdir(exist_ok=True)
    toy_config(folder, max_iters)
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


def make_runner(path: Path, out: Path | None = None, **options) -> StudyRunner:
    """Make a runner whose processes run `SCRIPT`."""
    script = path.parent / 'train_toy.py'
    script.write_text(SCRIPT)

    def command(folder: RunFolder, arguments: list[str]) -> list[str]:
        lr = folder.state['settings']['optim_wrapper.optimizer.lr']
        return [
            sys.executable,
            str(script),
            str(folder.work_dir),
            str(lr),
            str(folder.seed),
            str(folder.state['max_iters']),
            str(path.parent / 'order.txt'),
            *arguments,
        ]

    out = out or path.parent / 'out'
    return StudyRunner(load_study(path), out, command=command, **options)


def order_of(path: Path) -> list[tuple[str, str, int]]:
    """Read arm, seed and first step of every process, in order."""
    rows = []
    for line in (path.parent / 'order.txt').read_text().splitlines():
        work, step = line.rsplit(' ', 1)
        rows.append((Path(work).parent.name, Path(work).name, int(step)))
    return rows


def result_of(path: Path) -> dict:
    """Read result.json."""
    return json.loads((path.parent / 'out' / 'result.json').read_text())
