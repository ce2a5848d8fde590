"""ReMaX: relaxations for training, in kMaX-DeepLab and in Mask2Former."""

from .diagnostics import MaskDiagnosticsHook
from .mask2former_head import ReMaXMask2FormerHead, ReMaXMask2FormerMixin
from .mp_former_head import MPFormerReMaXHead
from .reclass import ReClassAssigner
from .remask import ReMaskLoss
from .semantic_aux_head import SemanticAuxHead

__all__ = [
    'MPFormerReMaXHead',
    'MaskDiagnosticsHook',
    'ReClassAssigner',
    'ReMaXMask2FormerHead',
    'ReMaXMask2FormerMixin',
    'ReMaskLoss',
    'SemanticAuxHead',
]
