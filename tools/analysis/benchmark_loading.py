r"""Time the loading of training samples, beside mmdet's or beside a step.

Each sample is loaded on one thread as the config says, without what mmdet has
no counterpart of (copy-paste, colors), and by the pipeline of Mask2Former's
configs in mmdet: annotation with a mask for each thing, large-scale jitter,
crop, flip, packing. Prints Markdown: milliseconds of the processor, means over
the samples, and the time of mmdet over them.

With --step: how long a step that takes so many seconds of a GPU waits for its
batch, by the number of worker processes (`train_dataloader.num_workers`); one
third of the batches is not counted, while the workers start.

Examples:
    python tools/analysis/benchmark_loading.py \
        configs/remax/remax_r50_coco.py --shape 641 641 --data-root data/coco
    python tools/analysis/benchmark_loading.py \
        configs/remax/remax_r50_coco.py --step 0.5 --data-root data/coco
"""

import argparse
import copy
import os
import re
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
import torch
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.runner import Runner
from torch.utils.data import Dataset

import mmremax  # noqa: F401
from mmremax.datasets.sampler import SampleKey
from mmremax.engine.measure import Stopwatch
from mmremax.utils.cli import add_config_options, open_config
from mmremax.utils.tool import tool
from mmremax_runtime.opening import count, positive, side

STOCK = 'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py'
WARMUP = 2  # samples


def set_crop(dataset: dict, crop_size: tuple[int, int] | None) -> dict:
    """Replace height and width of the crop, if given; returns the crop."""
    crop = next(t for t in dataset.pipeline if t['type'] == 'RandomScaleCrop')
    crop['crop_size'] = tuple(crop_size or crop['crop_size'])
    return crop


def loaders(
    dataset: dict, crop_size: tuple[int, int] | None = None
) -> dict[str, Callable[[int], dict]]:
    """Build what loads the i-th sample of a `PanopticDataset`, in three ways.

    Scales and crop are those of the config, or `crop_size`, height and
    width.
    """
    dataset = copy.deepcopy(dataset)
    crop = set_crop(dataset, crop_size)
    plain = copy.deepcopy(dataset)
    extra = re.compile('CopyPaste|Color|Colour')
    plain.pipeline = [t for t in plain.pipeline if not extra.search(t.type)]
    configured, plain = DATASETS.build(dataset), DATASETS.build(plain)
    stock = get_config(STOCK).train_dataloader.dataset
    stock.pop('filter_cfg', None)
    stock.update(
        {k: dataset[k] for k in ('ann_file', 'data_root', 'data_prefix')}
    )
    names = 'classes', 'thing_classes', 'stuff_classes', 'palette'
    stock.metainfo = {name: configured.metainfo[name] for name in names}
    size = crop['crop_size'][::-1]
    for transform in stock.pipeline:
        if transform['type'] == 'RandomResize':
            transform.update(scale=size, ratio_range=crop['scale_range'])
        elif transform['type'] == 'RandomCrop':
            transform['crop_size'] = size
    stock = DATASETS.build(stock)

    def load(data: Dataset) -> Callable[[int], dict]:
        return lambda i: data[SampleKey(i % len(data), 0, i)]

    return {
        'as configured': load(configured),
        'no copy-paste, no colors': load(plain),
        "mmdet's large-scale jitter": lambda i: stock[i % len(stock)],
    }


def beside_mmdet(cfg: Config, args: argparse.Namespace) -> None:
    """Load in three ways in turn and print the table."""
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    ways = loaders(cfg.train_dataloader.dataset, args.shape)
    watch = Stopwatch(torch.device('cpu'))
    for sample in range(args.iters + WARMUP):
        for name, load in ways.items():
            with watch.part(name):
                load(sample)
    spent = {
        name: 1e3 * np.mean(seconds[WARMUP:], 0)[1]  # of the processor
        for name, seconds in watch.spent.items()
    }
    *_, stock = spent.values()
    print('| pipeline | ms | x |\n|---|---|---|')
    for name, milliseconds in spent.items():
        row = f'{milliseconds:.1f} | {stock / milliseconds:.2f}'
        print(f'| {name} | {row} |')


def waits(cfg: Config, workers: int, step: float, steps: int) -> list[float]:
    """Measure how long each step waits for its batch, in seconds.

    A step of a GPU leaves the processor to the workers: this one sleeps.
    """
    loader = copy.deepcopy(cfg.train_dataloader)
    loader.update(num_workers=workers, pin_memory=False)
    if workers == 0:
        loader.pop('prefetch_factor', None)
        loader.persistent_workers = False
    batches = iter(Runner.build_dataloader(loader, seed=0))
    waited = []
    for _ in range(steps):
        start = time.perf_counter()
        next(batches)
        waited.append(time.perf_counter() - start)
        time.sleep(step)
    return waited


def beside_a_step(cfg: Config, args: argparse.Namespace) -> None:
    """Load with more and more workers and print the table."""
    set_crop(cfg.train_dataloader.dataset, args.shape)
    batch = cfg.train_dataloader.batch_size
    print(f'A step of {args.step} s, {batch} images:\n')
    print('| workers | wait, ms | images per second |\n|---|---|---|')
    workers = 0
    while workers <= os.cpu_count():
        counted = waits(cfg, workers, args.step, args.iters)[args.iters // 3 :]
        wait = np.mean(counted)
        speed = batch / (args.step + wait)
        print(f'| {workers} | {1e3 * wait:.0f} | {speed:.1f} |', flush=True)
        workers = 2 * workers or 1


@tool()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('config', help='of configs/kmax or configs/remax')
    text = "crop to this size in pixels (the config's)"
    add('--shape', type=side, nargs=2, metavar=('H', 'W'), help=text)
    add('--iters', type=count, default=40, help='samples, or steps (40)')
    add_config_options(parser, reads_data=True)
    text = 'measure the waiting of steps of so many seconds'
    add('--step', type=positive, metavar='SECONDS', help=text)
    args = parser.parse_args()
    cfg = open_config(args.config, args.cfg_options, args.data_root)
    run = beside_mmdet if args.step is None else beside_a_step
    try:
        run(cfg, args)
    except FileNotFoundError as error:
        sys.exit(f'This reads the training data: {error}')


if __name__ == '__main__':
    main()
