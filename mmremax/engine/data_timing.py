"""The training pipeline timed beside mmdet's own, on the same images."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from copy import deepcopy

import cv2
import torch
from mmdet.datasets import CocoPanopticDataset
from mmdet.registry import DATASETS

from mmremax.datasets.sampler import SampleKey

# What mmdet's stock pipeline has no counterpart of.
EXTRAS = ('PanopticCopyPaste', 'SSDColorJitter', 'AutoAugmentColor')
CONFIGURED = 'as configured'
PLAIN = 'no copy-paste, no colours'
STOCK = 'large-scale jitter of mmdet'


def loaders(
    dataset: dict, crop_size: Sequence[int] | None = None
) -> dict[str, Callable[[int], dict]]:
    """Build what loads the i-th sample, in three ways.

    mmdet's way is the pipeline of its Mask2Former configs: annotation with
    a mask for each thing, resize, crop, flip, packing. Scales and crop are
    those of the config.

    Args:
        dataset: Config of a ``PanopticDataset`` for training.
        crop_size: Height and width that replace the config's.

    Returns:
        Functions of a number, by name.
    """
    dataset = deepcopy(dataset)
    crop = next(t for t in dataset.pipeline if t['type'] == 'RandomScaleCrop')
    if crop_size is not None:
        crop['crop_size'] = tuple(crop_size)
    plain = [t for t in dataset.pipeline if t['type'] not in EXTRAS]
    ours = {
        CONFIGURED: DATASETS.build(dataset),
        PLAIN: DATASETS.build(dict(dataset, pipeline=plain)),
    }
    names = ('classes', 'thing_classes', 'stuff_classes')
    metainfo = ours[PLAIN].metainfo
    stock = CocoPanopticDataset(
        ann_file=dataset.ann_file,
        data_root=dataset.data_root,
        data_prefix=dict(dataset.data_prefix),
        metainfo={name: metainfo[name] for name in names},
        pipeline=stock_pipeline(crop['crop_size'], crop['scale_range']),
    )

    def seeded(data) -> Callable[[int], dict]:
        return lambda i: data[SampleKey(i % len(data), 0, i)]

    return {name: seeded(data) for name, data in ours.items()} | {
        STOCK: lambda i: stock[i % len(stock)]
    }


def stock_pipeline(
    crop_size: tuple[int, int], scale_range: tuple[float, float]
) -> list[dict]:
    """Write mmdet's panoptic pipeline with large-scale jitter.

    Args:
        crop_size: Height and width.
        scale_range: Relative to the crop.

    Returns:
        Transforms of mmdet.
    """
    return [
        dict(type='LoadImageFromFile', to_float32=True),
        dict(
            type='LoadPanopticAnnotations',
            with_bbox=True,
            with_mask=True,
            with_seg=True,
        ),
        dict(type='RandomFlip', prob=0.5),
        dict(
            type='RandomResize',
            scale=crop_size[::-1],
            ratio_range=scale_range,
            resize_type='Resize',
            keep_ratio=True,
        ),
        dict(
            type='RandomCrop',
            crop_size=crop_size[::-1],
            crop_type='absolute',
            recompute_bbox=True,
            allow_negative_crop=True,
        ),
        dict(type='PackDetInputs'),
    ]


def time_loaders(
    loaders: dict[str, Callable[[int], dict]], count: int, warmup: int = 1
) -> dict[str, dict[str, float]]:
    """Load samples by turns and time each.

    All run in this process on one thread, as in a worker. The turns let
    them share whatever else the machine does.

    Args:
        loaders: Functions of a number, by name.
        count: Samples of each that are timed.
        warmup: Samples of each before.

    Returns:
        By name: mean `wall_seconds` and `cpu_seconds` of a sample, and
        `samples_per_core_second`, of processor time.
    """
    threads = cv2.getNumThreads(), torch.get_num_threads()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    spent = {name: [0.0, 0.0] for name in loaders}
    try:
        for i in range(-warmup, count):
            for name, load in loaders.items():
                start = time.perf_counter(), time.process_time()
                load(i + warmup)
                end = time.perf_counter(), time.process_time()
                if i >= 0:
                    spent[name][0] += end[0] - start[0]
                    spent[name][1] += end[1] - start[1]
    finally:
        cv2.setNumThreads(threads[0])
        torch.set_num_threads(threads[1])
    return {
        name: dict(
            wall_seconds=wall / count,
            cpu_seconds=cpu / count,
            samples_per_core_second=count / cpu,
        )
        for name, (wall, cpu) in spent.items()
    }
