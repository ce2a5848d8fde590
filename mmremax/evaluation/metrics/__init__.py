from .cityscapes_ap_metric import CityscapesAPMetric
from .instance_ap_metric import InstanceAPMetric
from .mean_iou_metric import MeanIoUMetric
from .panoptic_metric import PanopticQualityMetric

__all__ = [
    'CityscapesAPMetric',
    'InstanceAPMetric',
    'MeanIoUMetric',
    'PanopticQualityMetric',
]
