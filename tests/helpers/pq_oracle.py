"""Scores predictions with panopticapi, from files, as users do."""

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmremax_runtime.segmentation import ids_to_colours

evaluation = pytest.importorskip('panopticapi.evaluation')


def panopticapi_counts(
    folder: Path,
    pred_map: np.ndarray,
    pred_labels: dict[int, int],
    gt_map: np.ndarray,
    gt_segments: list[dict],
    num_classes: int,
) -> 'evaluation.PQStat':
    """Score one image; arguments as of `panoptic_quality`."""
    for name, ids in (('gt', gt_map), ('pred', pred_map)):
        (folder / name).mkdir(exist_ok=True)
        path = folder / name / 'image.png'
        Image.fromarray(ids_to_colours(ids)).save(path)
    image = dict(image_id=1, file_name='image.png')
    truth = [dict(s, category_id=s['category']) for s in gt_segments]
    prediction = [
        dict(id=segment_id, category_id=label)
        for segment_id, label in pred_labels.items()
    ]
    pair = [dict(image, segments_info=table) for table in (truth, prediction)]
    folders = str(folder / 'gt'), str(folder / 'pred')
    categories = {label: {} for label in range(num_classes)}
    with contextlib.redirect_stdout(io.StringIO()):
        return evaluation.pq_compute_single_core(
            0, [pair], *folders, categories
        )


def random_image(
    rng: np.random.Generator, num_classes: int
) -> tuple[np.ndarray, dict[int, int], np.ndarray, list[dict]]:
    """Make blocky maps that agree in part, with everything that is odd.

    Void on both sides, several crowds of one class, ids that the table
    lacks, segments that the map lacks, areas that are not the map's.

    Returns:
        The first four arguments of `panoptic_quality`.
    """
    shape = tuple(rng.integers(20, 50, 2))
    gt_map = _blocks(rng, shape, count=9)
    pred_map = _blocks(rng, shape, count=5, base=gt_map)
    gt_segments = []
    for segment_id in np.unique(gt_map).tolist():
        if segment_id == 0 or rng.random() < 0.12:
            continue  # unlisted
        area = int((gt_map == segment_id).sum())
        gt_segments.append(
            dict(
                id=segment_id,
                category=int(rng.integers(num_classes)),
                iscrowd=int(rng.random() < 0.25),
                area=area + int(rng.integers(3)) * (rng.random() < 0.1),
            )
        )
    if rng.random() < 0.2:
        gt_segments.append(dict(id=999, category=0, iscrowd=0, area=30))
    classes = {s['id']: s['category'] for s in gt_segments}
    pred_labels = {}
    for segment_id in np.unique(pred_map).tolist():
        if segment_id:
            label = classes.get(segment_id, 0)
            if rng.random() < 0.15:
                label = int(rng.integers(num_classes))
            pred_labels[segment_id] = label
    return pred_map, pred_labels, gt_map, gt_segments


def _blocks(
    rng: np.random.Generator,
    shape: tuple[int, int],
    count: int,
    base: np.ndarray | None = None,
) -> np.ndarray:
    """Paint rectangles of random ids, some of them void."""
    ids = np.zeros(shape, np.int32) if base is None else base.copy()
    for _ in range(count):
        top, left = (int(rng.integers(n)) for n in shape)
        height, width = (int(rng.integers(3, n)) for n in shape)
        value = 0 if rng.random() < 0.2 else int(rng.integers(1, 2**24))
        if base is not None:
            height, width = height // 2 + 1, width // 2 + 1
        ids[top : top + height, left : left + width] = value
    return ids
