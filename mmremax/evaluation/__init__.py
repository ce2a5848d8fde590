"""Scores: panoptic quality, AP, mIoU."""

from .cityscapes_ap_metric import CityscapesAPMetric
from .class_group_iou import ClassGroupIoUMetric
from .instance_ap_metric import InstanceAPMetric
from .mean_iou_metric import MeanIoUMetric
from .panoptic_metric import PanopticQualityMetric
from .panoptic_quality import (
    PQCounts,
    average_scores,
    bootstrap_pq,
    panoptic_quality,
)
from .streaming_metric import format_score, plain, write_scores

__all__ = [
    'CityscapesAPMetric',
    'ClassGroupIoUMetric',
    'InstanceAPMetric',
    'MeanIoUMetric',
    'PQCounts',
    'PanopticQualityMetric',
    'average_scores',
    'bootstrap_pq',
    'format_score',
    'panoptic_quality',
    'plain',
    'write_scores',
]
