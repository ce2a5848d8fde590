"""The losses of kMaX-DeepLab."""

from .instance_discrimination import InstanceDiscriminationLoss
from .mask_loss import MaskIdLoss, MaskLoss, PQDiceLoss
from .pq_classification import PQClassificationLoss
from .semantic import SemanticLoss

__all__ = [
    'InstanceDiscriminationLoss',
    'MaskIdLoss',
    'MaskLoss',
    'PQClassificationLoss',
    'PQDiceLoss',
    'SemanticLoss',
]
