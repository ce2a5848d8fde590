"""Soft labels for reduced label maps, in mmseg."""

from .check_hook import SoftLabelCheckHook
from .data_preprocessor import SoftSegDataPreProcessor
from .fidelity import LabelFidelity
from .formatting import (
    PackSoftSegInputs,
    SoftLabelPool,
)
from .heads import (
    SoftASPPHead,
    SoftDepthwiseSeparableASPPHead,
    SoftFCNHead,
    SoftOCRHead,
    SoftSegformerHead,
    SoftUPerHead,
)
from .loss_mixin import SoftLabelLossMixin
from .losses import (
    SoftCrossEntropyLoss,
    SoftKLDivLoss,
)
from .target import SoftTarget
from .transforms import (
    SoftLabelFromHiRes,
    SoftLabelResize,
)

__all__ = [
    'LabelFidelity',
    'PackSoftSegInputs',
    'SoftASPPHead',
    'SoftCrossEntropyLoss',
    'SoftDepthwiseSeparableASPPHead',
    'SoftFCNHead',
    'SoftKLDivLoss',
    'SoftLabelCheckHook',
    'SoftLabelFromHiRes',
    'SoftLabelLossMixin',
    'SoftLabelPool',
    'SoftLabelResize',
    'SoftOCRHead',
    'SoftSegDataPreProcessor',
    'SoftSegformerHead',
    'SoftTarget',
    'SoftUPerHead',
]
