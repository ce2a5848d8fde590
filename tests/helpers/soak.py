"""Many steps and predictions; prints memory and descriptors along the way.

    python -m tests.helpers.soak --steps 3000 --predictions 3000

Steps are those of `mmremax train` with the network of the tests
(tests/helpers/toy.py), with a line of the log, a validation and a checkpoint
every tenth step; predictions are those of a small kMaX-DeepLab on images of
changing sizes. Resident memory is in MB, at each tenth of the way. The exit
status is 1 if the second half grew by more than 2 % or opened files.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import torch
from mmdet.registry import HOOKS
from mmdet.structures import DetDataSample
from mmengine.hooks import Hook

from tests.helpers.campaigns import train_tool
from tests.helpers.model_fixture import build_model
from tests.helpers.toy import toy_config

PAGE = os.sysconf('SC_PAGE_SIZE') / 2**20


class Gauge:
    """Reads this process's memory and descriptors at tenths of a way."""

    def __init__(self, name: str, number: int) -> None:
        self.name, self.number = name, number
        self.memory: list[float] = []
        self.files: list[int] = []

    def look(self, done: int) -> None:
        """Read, if a tenth is done."""
        if done % max(1, self.number // 10) == 0:
            pages = Path('/proc/self/statm').read_text().split()[1]
            self.memory.append(int(pages) * PAGE)
            self.files.append(len(os.listdir('/proc/self/fd')))

    def report(self) -> bool:
        """Print a row; tell whether nothing grew."""
        numbers = ' '.join(f'{value:.1f}' for value in self.memory)
        files = f'{self.files[0]} to {self.files[-1]}'
        print(
            f'| {self.name} | {self.number} | {numbers} | {files} |',
            flush=True,
        )
        half = len(self.memory) // 2
        is_flat = self.memory[-1] < 1.02 * self.memory[half]
        return is_flat and self.files[-1] <= self.files[half]


@HOOKS.register_module()
class GaugeHook(Hook):
    """Looks after each step."""

    gauge: Gauge

    def after_train_iter(self, runner: object, *_: object, **__: object):
        """Look."""
        self.gauge.look(runner.iter + 1)


def main() -> None:
    """Train and predict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--steps', type=int, default=3000)
    parser.add_argument('--predictions', type=int, default=3000)
    args = parser.parse_args()
    print('| what | number | resident MB at each tenth | descriptors |')
    print('|---|---|---|---|')
    sys.exit(not all([train(args.steps), predict(args.predictions)]))


def train(number: int) -> bool:
    """Train; print a row and tell whether nothing grew."""
    gauge = GaugeHook.gauge = Gauge('steps', number)
    with tempfile.TemporaryDirectory() as folder:
        config = toy_config(folder, number, interval=10)
        text = config.read_text().replace('val_interval=3', 'val_interval=10')
        text = text.replace(
            'logger=dict(interval=2)', 'logger=dict(interval=10)'
        )
        text += "custom_hooks += [dict(type='GaugeHook')]"
        config.write_text(text)
        with open(Path(folder) / 'log', 'w') as log:
            with redirect_stdout(log), redirect_stderr(log):
                assert train_tool(config) == 0
    return gauge.report()


def predict(number: int) -> bool:
    """Predict; print a row and tell whether nothing grew."""
    gauge = Gauge('predictions', number)
    model = build_model().eval()
    torch.manual_seed(0)
    for i in range(number):
        height, width = torch.randint(33, 66, (2,)).tolist()
        meta = dict(
            img_shape=(height, width),
            ori_shape=(2 * height, width),
            batch_input_shape=(65, 65),
        )
        with torch.no_grad():
            model.predict(
                torch.randn(1, 3, 65, 65), [DetDataSample(metainfo=meta)]
            )
        gauge.look(i + 1)
    return gauge.report()


if __name__ == '__main__':
    main()
