"""Scores: panoptic quality, AP, mIoU."""

from .bootstrap import bootstrap_pq
from .cityscapes_ap_metric import CityscapesAPMetric
from .instance_ap_metric import InstanceAPMetric
from .mean_iou_metric import MeanIoUMetric
from .panoptic_metric import PanopticQualityMetric
from .panoptic_quality import PQCounts, average_scores, panoptic_quality
from .score_file import write_scores

__all__ = [
    'CityscapesAPMetric',
    'InstanceAPMetric',
    'MeanIoUMetric',
    'PQCounts',
    'PanopticQualityMetric',
    'average_scores',
    'bootstrap_pq',
    'panoptic_quality',
    'write_scores',
]
