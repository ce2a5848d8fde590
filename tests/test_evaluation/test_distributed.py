"""Two processes give the scores of one, also for an odd number of images."""

from pathlib import Path

import cv2
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
from tests.helpers.predictions import predictions, random_samples, shift


def cases(
    shapes: PanopticDataset, cityscapes: PanopticDataset
) -> list[tuple[BaseMetric, list[dict]]]:
    """Give each metric an odd number of predicted samples."""
    streets = (random_samples(cityscapes) + random_samples(cityscapes, 1))[:3]
    found = [
        (PanopticQualityMetric(), predictions(shapes, shift)[:7]),
        (InstanceAPMetric(), random_samples(shapes)[:7]),
        (MeanIoUMetric(), random_samples(shapes)[:7]),
        (CityscapesAPMetric(), streets),
    ]
    for metric, samples in found:
        data = cityscapes if samples is streets else shapes
        metric.dataset_meta = data.metainfo
    return found


def run_rank(rank: int, folder: Path, *data: PanopticDataset) -> None:
    store = f'file://{folder}/store'
    dist.init_process_group('gloo', store, rank=rank, world_size=2)
    scores = {}
    for metric, samples in cases(*data):
        # As mmengine's sampler: the first images once more, then in turns.
        metric.process({}, (samples + samples[:1])[rank::2])
        scores |= metric.evaluate(len(samples))
    torch.save(scores, folder / f'{rank}.pth')
    dist.destroy_process_group()


def test_two_ranks_equal_one(shapes, cityscapes, tmp_path):
    data = (shapes, cityscapes)
    expected = {}
    for metric, samples in cases(*data):
        metric.process({}, samples)
        expected |= metric.evaluate(len(samples))
    assert len(expected) == 9 + 7 + 3 + 2
    second = mp.start_processes(
        run_rank_1, (tmp_path, *data), join=False, start_method='fork'
    )
    run_rank(0, tmp_path, *data)
    second.join()
    for rank in range(2):
        scores = torch.load(tmp_path / f'{rank}.pth')
        assert scores == pytest.approx(expected, abs=0, rel=0, nan_ok=True)


def run_rank_1(_: int, *args: object) -> None:
    torch.set_num_threads(1)  # pools of threads do not survive the fork
    cv2.setNumThreads(0)
    run_rank(1, *args)
