"""Named tensors that cross a border between modules; nothing is learnt."""

from .mask_targets import MaskTargets
from .predictions import LayerPrediction
from .segments import (
    VOID,
    BatchSegments,
    count_by_segment,
    lookup,
    sum_by_segment,
)

__all__ = [
    'VOID',
    'BatchSegments',
    'LayerPrediction',
    'MaskTargets',
    'count_by_segment',
    'lookup',
    'sum_by_segment',
]
