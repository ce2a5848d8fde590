"""Predictions made from the ground truth: exact, perturbed or random."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from mmremax.datasets import PanopticDataset
from mmremax.datasets.panoptic_png import read_ids
from mmremax.evaluation.mean_iou_metric import semantic_labels

Perturb = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


def images_of(data: PanopticDataset) -> Iterator[tuple[dict, np.ndarray]]:
    """Yield information and ids of each image."""
    for index in range(len(data)):
        info = data.get_data_info(index)
        ids = read_ids(info['seg_map_path'], '')
        yield dict(info, ori_shape=ids.shape), ids


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


def random_samples(data: PanopticDataset, seed: int = 0) -> list[dict]:
    """Predict instances and a semantic map for each image.

    Instances: true ones, moved, cut, doubled or with another class; blobs;
    one that is empty and one of a stuff class. Scores repeat.
    """
    rng = np.random.default_rng(seed)
    num_things = len(data.metainfo['thing_classes'])
    num_classes = len(data.metainfo['classes'])
    samples = []
    for info, ids in images_of(data):
        found = []
        for segment in info['segments_info']:
            if segment['category'] >= num_things:
                continue
            mask = ids == segment['id']
            for _ in range(rng.integers(4)):
                moved = np.roll(mask, rng.integers(-4, 5, 2), (0, 1))
                moved[: rng.integers(ids.shape[0] // 3)] = False
                label = segment['category']
                if rng.random() < 0.2:
                    label = int(rng.integers(num_things))
                found.append((label, moved))
            found.append((segment['category'], mask))
        for _ in range(3):
            blob = np.zeros(ids.shape, bool)
            top, left = rng.integers(0, 30, 2)
            blob[top : top + 20, left : left + 24] = True
            found.append((int(rng.integers(num_things)), blob))
        found.append((0, np.zeros(ids.shape, bool)))
        found.append((num_things, np.ones(ids.shape, bool)))
        info['pred_instances'] = dict(
            labels=torch.tensor([label for label, _ in found]),
            scores=torch.from_numpy(rng.integers(1, 40, len(found)) / 40),
            masks=torch.from_numpy(np.stack([mask for _, mask in found])),
        )
        labels = semantic_labels(ids, info['segments_info']).clip(0)
        labels = np.roll(labels, rng.integers(-6, 7, 2), (0, 1))
        noise = rng.integers(0, num_classes, labels.shape)
        labels = np.where(rng.random(labels.shape) < 0.1, noise, labels)
        info['pred_sem_seg'] = dict(sem_seg=torch.from_numpy(labels)[None])
        samples.append(info)
    return samples


def true_samples(data: PanopticDataset) -> list[dict]:
    """Predict the truth: instances without crowds, and the classes."""
    num_things = len(data.metainfo['thing_classes'])
    samples = []
    for info, ids in images_of(data):
        things = [s for s in info['segments_info'] if s['is_thing']]
        thing_ids = np.array([s['id'] for s in things], np.int32)
        info['pred_instances'] = dict(
            labels=torch.tensor([s['category'] for s in things]).long(),
            scores=torch.ones(len(things)),
            masks=torch.from_numpy(ids == thing_ids[:, None, None]),
        )
        labels = semantic_labels(ids, info['segments_info'])
        labels = np.where(labels < 0, num_things, labels)
        info['pred_sem_seg'] = dict(sem_seg=torch.from_numpy(labels)[None])
        samples.append(info)
    return samples


def evaluate(metric, data: PanopticDataset, samples: list[dict]) -> dict:
    """Score samples one by one."""
    metric.dataset_meta = data.metainfo
    for sample in samples:
        metric.process({}, [sample])
    return metric.evaluate(len(data))
