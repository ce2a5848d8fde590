"""The losses of kMaX-DeepLab."""

from .instance_discrimination import InstanceDiscriminationLoss
from .mask_id import MaskIdLoss
from .mask_loss import MaskLoss
from .pq_classification import PQClassificationLoss
from .pq_dice import PQDiceLoss
from .semantic import SemanticLoss

__all__ = [
    'InstanceDiscriminationLoss',
    'MaskIdLoss',
    'MaskLoss',
    'PQClassificationLoss',
    'PQDiceLoss',
    'SemanticLoss',
]
