"""Scores any segmentation of nuclei by the same code: PQ, AP50, seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from mmdet.registry import METRICS
from rich.progress import track

from mmremax.datasets import PanopticDataset
from mmremax.evaluation import PQCounts, bootstrap_pq

NUCLEUS, BACKGROUND = 0, 1  # classes
Predict = Callable[[PanopticDataset, int], dict]
"""Of a data set and an index, what a model predicts: `pred_panoptic_seg` and
`pred_instances`."""


@dataclass
class Score:
    """What a method reached; percent.

    Attributes:
        pq: Panoptic quality of the nuclei.
        draws: The same of pictures drawn with replacement. (D,).
        by_picture: The same of each picture, NaN without a nucleus.
        ap50: COCO's, of the nuclei: at most 100 a picture.
        seconds: Of CPU time, the median of a picture with its reading.
    """

    pq: float
    draws: np.ndarray
    by_picture: np.ndarray
    ap50: float
    seconds: float


def score(data: PanopticDataset, predict: Predict, title: str) -> Score:
    """Predict and score every picture of a data set."""
    kinds = ('PanopticQualityMetric', 'InstanceAPMetric')
    metrics = [METRICS.build(dict(type=k, classwise=False)) for k in kinds]
    seconds = []
    for index in track(range(len(data)), title):
        start = time.process_time()
        found = predict(data, index)
        seconds.append(time.process_time() - start)
        sample = data.get_data_info(index) | found
        sample['ori_shape'] = sample['height'], sample['width']
        for metric in metrics:
            metric.dataset_meta = data.metainfo
            metric.process({}, [sample])
    counts = [dense(result['counts']) for result in metrics[0].results]
    total = PQCounts.zeros(2)
    for one in counts:
        total += one
    return Score(
        pq=100 * total.scores()[NUCLEUS, 0],
        draws=100 * bootstrap_pq(counts, num_things=1)[:, 1],
        by_picture=100 * np.array([c.scores()[NUCLEUS, 0] for c in counts]),
        ap50=metrics[1].evaluate(len(data))['instance/AP50'],
        seconds=float(np.median(seconds)),
    )


def dense(counts: tuple[np.ndarray, ...]) -> PQCounts:
    """Write the counts of the classes that occur to their places."""
    total = PQCounts.zeros(2)
    seen, *values = counts
    for sums, found in zip(vars(total).values(), values, strict=True):
        sums[seen] = found
    return total


def as_prediction(numbers: np.ndarray) -> dict:
    """Write numbered nuclei as a model's prediction, all equally sure.

    Args:
        numbers: From 1, 0 is background. (H, W), integer.
    """
    found = np.unique(numbers[numbers > 0])
    places = np.searchsorted(found, numbers) + 1
    ids = np.where(numbers > 0, 1000 * places + NUCLEUS, BACKGROUND)
    masks = numbers == found[:, None, None]
    return dict(
        pred_panoptic_seg=dict(sem_seg=torch.from_numpy(ids)[None]),
        pred_instances=dict(
            labels=torch.full((len(found),), NUCLEUS),
            scores=torch.ones(len(found)),
            masks=torch.from_numpy(masks),
        ),
    )
