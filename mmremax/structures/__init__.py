"""Named tensors that cross a border between modules; nothing is learnt."""

from .label_kernels import IGNORE
from .mask_segments import check_canvas, targets_of_masks
from .mask_targets import MaskTargets
from .predictions import LayerPrediction
from .segments import (
    VOID,
    BatchSegments,
    count_by_segment,
    lookup,
    sum_by_segment,
)
from .semantic_share import is_soft, require_share, semantic_share
from .soft_target import SoftTarget

__all__ = [
    'IGNORE',
    'VOID',
    'BatchSegments',
    'LayerPrediction',
    'MaskTargets',
    'SoftTarget',
    'check_canvas',
    'count_by_segment',
    'is_soft',
    'lookup',
    'require_share',
    'semantic_share',
    'sum_by_segment',
    'targets_of_masks',
]
