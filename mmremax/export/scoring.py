"""Panoptic quality of whatever segments images."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from mmdet.registry import DATASETS
from mmengine.config import Config

from mmremax.datasets import PanopticDataset
from mmremax.evaluation import PanopticQualityMetric
from mmremax.utils.config_edits import set_data_root
from mmremax_runtime import Segmentation
from mmremax_runtime.images import read_image
from mmremax_runtime.merge import INSTANCE_OFFSET
from mmremax_runtime.progress import progress


def open_data(
    config: Config, loader: str, data_root: str | None
) -> PanopticDataset:
    """Open the data of a loader of a config, where `data_root` says."""
    config = copy.deepcopy(config)
    set_data_root(config, data_root)
    return DATASETS.build(config[loader].dataset)


def score(
    segment: Callable[[np.ndarray], Segmentation], data: PanopticDataset
) -> dict[str, float]:
    """Segment a data set and compute PQ, SQ, RQ in percent."""
    metric = PanopticQualityMetric(classwise=False)
    metric.dataset_meta = data.metainfo
    for index in progress(range(len(data)), len(data)):
        sample = data.get_data_info(index)
        image = read_image(sample['img_path'])
        found = segment(image)
        sample['ori_shape'] = image.shape[:2]
        sample['pred_panoptic_seg'] = dict(
            sem_seg=torch.from_numpy(mmdet_ids(found))[None]
        )
        metric.process({}, [sample])
    found = metric.evaluate(len(data))
    return {name.rpartition('/')[2]: value for name, value in found.items()}


def mmdet_ids(found: Segmentation) -> np.ndarray:
    """Write a map as mmdet does: class + offset * instance, void is K."""
    lookup = [len(found.classes)] + [
        s.label + INSTANCE_OFFSET * s.id * s.isthing for s in found.segments
    ]
    return np.array(lookup)[found.ids]
