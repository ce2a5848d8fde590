"""Heads of mmseg's segmentors; importing registers them."""

from .mp_former_head import MPFormerHead
from .soft_heads import (
    SoftASPPHead,
    SoftDepthwiseSeparableASPPHead,
    SoftFCNHead,
    SoftOCRHead,
    SoftSegformerHead,
    SoftUPerHead,
)
from .soft_label_loss_mixin import SoftLabelLossMixin

__all__ = [
    'MPFormerHead',
    'SoftASPPHead',
    'SoftDepthwiseSeparableASPPHead',
    'SoftFCNHead',
    'SoftLabelLossMixin',
    'SoftOCRHead',
    'SoftSegformerHead',
    'SoftUPerHead',
]
