"""Predictions made from the ground truth, exact or perturbed."""

from collections.abc import Callable

import numpy as np
import torch

from mmremax.datasets import PanopticDataset
from tests.helpers.random_predictions import images_of

Perturb = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


def encode(ids: np.ndarray, table: list[dict], void: int) -> np.ndarray:
    """Encode segments as a model does; crowds and the rest are void."""
    encoded = np.full(ids.shape, void)
    for instance, row in enumerate(table, 1):
        if not row['iscrowd']:
            code = row['category'] + 1000 * instance * row['is_thing']
            encoded[ids == row['id']] = code
    return encoded


def predictions(
    data: PanopticDataset, perturb: Perturb | None = None
) -> list[dict]:
    """Make a prediction for each image from its ground truth."""
    rng = np.random.default_rng(0)
    num_classes = len(data.metainfo['classes'])
    samples = []
    for info, ids in images_of(data):
        encoded = encode(ids, info['segments_info'], num_classes)
        if perturb is not None:
            encoded = perturb(encoded, num_classes, rng)
        prediction = torch.from_numpy(encoded.astype(np.int32))[None]
        info['pred_panoptic_seg'] = dict(sem_seg=prediction)
        samples.append(info)
    return samples


def shift(
    encoded: np.ndarray, void: int, rng: np.random.Generator
) -> np.ndarray:
    """Move the map, relabel some segments, paint void and new segments."""
    moved = np.roll(encoded, rng.integers(2, 9, 2), axis=(0, 1))
    for code in np.unique(moved).tolist():
        if code % 1000 != void and rng.random() < 0.15:
            new = code + (1 if code % 1000 + 1 < void else -1)
            moved[moved == code] = new
    height, width = moved.shape
    for value in (void, 5000, 6000, 7001):
        top, left = rng.integers(height - 9), rng.integers(width - 9)
        moved[top : top + height // 4, left : left + width // 4] = value
    return moved
