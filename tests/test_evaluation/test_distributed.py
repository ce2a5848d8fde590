"""Two processes give the scores of one, also for an odd number of images."""

import os
import socket
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.evaluator import BaseMetric

from mmremax.datasets import PanopticDataset
from mmremax.evaluation import (
    CityscapesAPMetric,
    InstanceAPMetric,
    MeanIoUMetric,
    PanopticQualityMetric,
)
from tests.helpers.random_predictions import random_samples
from tests.helpers.simulated import predictions, shift

METRICS = (
    PanopticQualityMetric,
    InstanceAPMetric,
    MeanIoUMetric,
    CityscapesAPMetric,
)


def build(
    metric_type: type[BaseMetric], shapes_root: Path, cityscapes_root: Path
) -> tuple[BaseMetric, list[dict]]:
    """Make a metric and an odd number of predicted samples."""
    if metric_type is CityscapesAPMetric:
        data = PanopticDataset(
            'panoptic_val.json',
            str(cityscapes_root),
            dict(img='leftImg8bit/val/', seg='panoptic_val/'),
            test_mode=True,
        )
        samples = (random_samples(data) + random_samples(data, 1))[:3]
    else:
        data = PanopticDataset(
            'annotations/panoptic_train.json',
            str(shapes_root),
            dict(img='train/', seg='annotations/panoptic_train/'),
            test_mode=True,
        )
        if metric_type is PanopticQualityMetric:
            samples = predictions(data, shift)[:7]
        else:
            samples = random_samples(data)[:7]
    metric = metric_type()
    metric.dataset_meta = data.metainfo
    return metric, samples


def run_rank(rank: int, port: int, folder: Path, *roots: Path) -> None:
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    dist.init_process_group('gloo', rank=rank, world_size=2)
    torch.set_num_threads(1)
    scores = {}
    for metric_type in METRICS:
        metric, samples = build(metric_type, *roots)
        # As mmengine's sampler: the first images once more, then in turns.
        metric.process({}, (samples + samples[:1])[rank::2])
        scores |= metric.evaluate(len(samples))
    torch.save(scores, folder / f'{rank}.pth')
    dist.destroy_process_group()


def test_two_ranks_equal_one(
    shapes_root: Path, cityscapes: PanopticDataset, tmp_path: Path
) -> None:
    roots = (shapes_root, Path(cityscapes.data_root))
    expected = {}
    for metric_type in METRICS:
        metric, samples = build(metric_type, *roots)
        metric.process({}, samples)
        expected |= metric.evaluate(len(samples))
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    mp.spawn(run_rank, args=(port, tmp_path, *roots), nprocs=2)
    for rank in range(2):
        scores = torch.load(tmp_path / f'{rank}.pth')
        assert scores == pytest.approx(expected, abs=0, rel=0, nan_ok=True)
    assert len(expected) == 9 + 7 + 3 + 2
