"""Kills runs at random moments, resumes them, and prints what came of it.

    python -m tests.helpers.kill_runs --kills 200 --out work_dirs/kills

A kill is drawn from its number alone: signal (SIGINT, SIGTERM, SIGKILL),
moment (in a step, in a validation, while a checkpoint is written), processes
(one; two; two, of which one is killed), workers (0, 2), accumulation (1, 2).
The run is then resumed to its end. Each result is a line of `kills.jsonl`;
the same command goes on after the last one. The network is that of the tests
(tests/helpers/toy.py): what is tried here does not depend on its size.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from mmremax.engine import AtomicBackend
from mmremax.engine.stopping import STOPPED
from tests.helpers.campaigns import Fork, fork, fork_ranks, read_losses
from tests.helpers.campaigns import train_tool as train
from tests.helpers.toy import toy_config

STEPS = 8
ENDS = (0, STOPPED, 130, 143)  # the last two: before the first step
LIMIT = 10.0  # seconds from the signal to the end
MOMENTS = dict(
    step='before_train_iter', validation='before_val_iter', writing=None
)


def draw(number: int) -> dict:
    """Draw a kill."""
    of = random.Random(number)
    moment = of.choice([*MOMENTS])
    steps = (3, 6, 8) if moment == 'validation' else range(1, STEPS + 1)
    return dict(
        number=number,
        signal=of.choice(['SIGINT', 'SIGTERM', 'SIGKILL']),
        moment=moment,
        processes=of.choice(['one', 'two', 'one of two']),
        workers=of.choice([0, 2]),
        passes=of.choice([1, 2]),
        step=of.choice(steps),
    )


def start(
    config: Path, kill: dict, *options: str, is_killed: bool = False
) -> list[Fork]:
    """Start a run in a fork, or in two."""
    settings = {
        'train_dataloader.num_workers': kill['workers'],
        'optim_wrapper.accumulative_counts': kill['passes'],
        'default_hooks.checkpoint.interval': 2,
    }
    settings = [f'{key}={value}' for key, value in settings.items()]

    def run(rank: int) -> int:
        when = None
        if is_killed and (rank == 0 or kill['processes'] == 'two'):
            number = signal.Signals[kill['signal']]
            if where := MOMENTS[kill['moment']]:
                when = (where, kill['step'], number)
            else:
                kill_in_write(kill['step'], number)
        launch = ('--launcher', 'pytorch')[: 2 * (kill['processes'] != 'one')]
        return train(
            config,
            *launch,
            *options,
            '--cfg-options',
            *settings,
            signal_at=when,
        )

    if kill['processes'] == 'one':
        return [fork(lambda: run(0))]
    return fork_ranks(run)


def kill_in_write(count: int, number: int) -> None:
    """Send the signal in the middle of a file, the third one or so."""
    left = [1 + count % 3]
    whole = AtomicBackend.put

    def put(self: AtomicBackend, obj: bytes, filepath: str | Path) -> None:
        left[0] -= 1
        if left[0] == 0:
            half = Path(filepath).with_name(f'.{Path(filepath).name}.tmp')
            half.write_bytes(obj[: len(obj) // 2])
            os.kill(os.getpid(), number)
        whole(self, obj, filepath)

    AtomicBackend.put = put


def wait(ranks: list[Fork], seconds: float) -> bool:
    """Wait for all; kill what is left, as a launcher does, and say if so."""
    end = time.monotonic() + seconds
    for rank in ranks:
        rank.wait(max(0.0, end - time.monotonic()))
    hangs = any(rank.process.is_alive() for rank in ranks)
    for rank in ranks:
        if rank.process.is_alive():
            os.killpg(rank.pid, signal.SIGKILL)
        rank.wait()
    return hangs


def expected(folder: Path, kill: dict) -> list[dict[int, str]]:
    """Losses of the run that nothing stops, of each rank; run once."""
    keys = ('workers', 'passes')
    ranks = 1 + (kill['processes'] != 'one')
    name = '-'.join(str(kill[key]) for key in keys) + f'-{ranks}'
    whole = folder / f'whole-{name}'
    if not (whole / 'finished').is_file():
        whole.mkdir(parents=True, exist_ok=True)
        runs = start(toy_config(whole, STEPS), kill)
        wait(runs, 600)
        assert [run.wait() for run in runs] == [0] * ranks, runs[0].errors()
        (whole / 'finished').touch()
    return [read_losses(whole, rank) for rank in range(ranks)]


def try_kill(folder: Path, kill: dict) -> dict:
    """Kill a run, resume it, and say whether all is as it should be."""
    losses = expected(folder, kill)
    with TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        config = toy_config(work, STEPS)
        runs = start(config, kill, is_killed=True)
        runs[0].wait()
        is_late = wait(runs, LIMIT)  # torchrun ends the others sooner
        statuses = [run.wait() for run in runs]
        resumed = start(config, kill, '--resume')
        wait(resumed, 600)
        ends = [run.wait() for run in resumed]
        problem = ''
        if ends != [0] * len(losses):
            problem = f'resume ended with {ends}: {resumed[0].errors()[-300:]}'
        elif [read_losses(work, r) for r in range(len(losses))] != losses:
            problem = 'other losses'
        elif left := [*work.rglob('.*.tmp')]:
            problem = f'left over: {left}'
        elif is_late:
            problem = f'the other process hung for {LIMIT} s'
        elif kill['signal'] != 'SIGKILL' and statuses[0] not in ENDS:
            problem = f'ended with {statuses}: {runs[0].errors()[-300:]}'
    return dict(kill, statuses=statuses, problem=problem)


def table(results: list[dict]) -> str:
    """Count kills and problems by what was drawn."""
    rows = ['| drawn | kills | resumed as if nothing was |', '|---|---|---|']
    for key in ('signal', 'moment', 'processes', 'workers', 'passes'):
        kills = Counter(str(result[key]) for result in results)
        good = Counter(str(r[key]) for r in results if not r['problem'])
        rows += [
            f'| {key}: {value} | {number} | {good[value]} |'
            for value, number in sorted(kills.items())
        ]
    number = sum(not result['problem'] for result in results)
    rows.append(f'| all | {len(results)} | {number} |')
    return '\n'.join(rows)


def main() -> None:
    """Go on to the number of kills that is asked for; print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--kills', type=int, default=200)
    parser.add_argument('--out', type=Path, default='work_dirs/kills')
    args = parser.parse_args()
    folder = args.out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / 'kills.jsonl'
    lines = file.read_text().splitlines() if file.is_file() else []
    for number in range(len(lines), args.kills):
        result = try_kill(folder, draw(number))
        lines.append(json.dumps(result))
        with file.open('a') as out:
            out.write(lines[-1] + '\n')
        if result['problem']:
            print(lines[-1], flush=True)
    print(table([json.loads(line) for line in lines[: args.kills]]))


if __name__ == '__main__':
    main()
