r"""Time the loading of training samples on one thread, beside mmdet's.

Each sample is loaded as the config says, without what mmdet has no
counterpart of (copy-paste, colors), and by the pipeline of mmdet's
Mask2Former configs: annotation with a mask for each thing, large-scale
jitter, crop, flip, packing. Prints Markdown: milliseconds of the processor,
means over the samples, and mmdet's over them.

Example:
    python tools/analysis/benchmark_loading.py \
        configs/remax/remax_r50_coco.py --shape 641 641 --data-root data/coco
"""

import argparse
import copy
import re
import sys
from collections.abc import Callable

import cv2
import numpy as np
import torch
from mmdet.registry import DATASETS
from mmengine.hub import get_config
from torch.utils.data import Dataset

import mmremax  # noqa: F401
from mmremax.datasets.sampler import SampleKey
from mmremax.engine.measure import Stopwatch
from mmremax.utils.cli import add_config_options, open_config
from mmremax.utils.tool import tool
from mmremax_runtime.opening import count, side

STOCK = 'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py'
WARMUP = 2  # samples


def loaders(
    dataset: dict, crop_size: tuple[int, int] | None = None
) -> dict[str, Callable[[int], dict]]:
    """Build what loads the i-th sample of a `PanopticDataset`, in three ways.

    Scales and crop are those of the config, or `crop_size`, height and
    width.
    """
    dataset = copy.deepcopy(dataset)
    crop = next(t for t in dataset.pipeline if t['type'] == 'RandomScaleCrop')
    crop['crop_size'] = tuple(crop_size or crop['crop_size'])
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


@tool()
def main() -> None:
    """Take turns and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add('config', help='of configs/kmax or configs/remax')
    text = "crop to this size in pixels (the config's)"
    add('--shape', type=side, nargs=2, metavar=('H', 'W'), help=text)
    add('--iters', type=count, default=40, help='samples (40)')
    add_config_options(parser, reads_data=True)
    args = parser.parse_args()
    cfg = open_config(args.config, args.cfg_options, args.data_root)
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    try:
        ways = loaders(cfg.train_dataloader.dataset, args.shape)
    except FileNotFoundError as error:
        sys.exit(f'This reads the training data: {error}')
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


if __name__ == '__main__':
    main()
