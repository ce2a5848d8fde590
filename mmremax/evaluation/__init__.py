from .functional import PQCounts, average_scores, panoptic_quality
from .metrics import PanopticQualityMetric

__all__ = [
    'PQCounts',
    'PanopticQualityMetric',
    'average_scores',
    'panoptic_quality',
]
