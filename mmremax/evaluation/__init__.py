from .functional import (
    PQCounts,
    average_scores,
    bootstrap_pq,
    panoptic_quality,
)
from .metrics import (
    CityscapesAPMetric,
    InstanceAPMetric,
    MeanIoUMetric,
    PanopticQualityMetric,
)
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
