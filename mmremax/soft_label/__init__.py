"""Soft labels for reduced label maps, in mmseg."""

from .checks import SoftLabelCheckHook
from .heads import (
    SoftDepthwiseSeparableASPPHead,
    SoftFCNHead,
    SoftLabelLossMixin,
    SoftOCRHead,
    SoftSegformerHead,
)
from .losses import SoftCrossEntropyLoss, SoftKLDivLoss
from .target import SoftTarget
from .transforms import PackSoftSegInputs, SoftLabelResize

__all__ = [
    'PackSoftSegInputs',
    'SoftCrossEntropyLoss',
    'SoftDepthwiseSeparableASPPHead',
    'SoftFCNHead',
    'SoftKLDivLoss',
    'SoftLabelCheckHook',
    'SoftLabelLossMixin',
    'SoftLabelResize',
    'SoftOCRHead',
    'SoftSegformerHead',
    'SoftTarget',
]
