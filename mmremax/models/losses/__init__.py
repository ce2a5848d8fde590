"""Losses of all methods, one a file."""

from .instance_discrimination import InstanceDiscriminationLoss
from .mask_id import MaskIdLoss
from .mask_loss import MaskLoss
from .mask_pilot_loss import MaskPilotLoss
from .pq_classification import PQClassificationLoss
from .pq_dice import PQDiceLoss
from .remask_loss import ReMaskLoss, m_hat_means
from .semantic_loss import SemanticLoss
from .soft_label_loss import SoftCrossEntropyLoss, SoftKLDivLoss

__all__ = [
    'InstanceDiscriminationLoss',
    'MaskIdLoss',
    'MaskLoss',
    'MaskPilotLoss',
    'PQClassificationLoss',
    'PQDiceLoss',
    'ReMaskLoss',
    'SemanticLoss',
    'SoftCrossEntropyLoss',
    'SoftKLDivLoss',
    'm_hat_means',
]
