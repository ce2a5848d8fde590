from .bootstrap import bootstrap_pq
from .panoptic_quality import PQCounts, average_scores, panoptic_quality

__all__ = ['PQCounts', 'average_scores', 'bootstrap_pq', 'panoptic_quality']
