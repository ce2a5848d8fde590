from .class_count_check_hook import ClassCountCheckHook
from .discard_count_hook import DiscardCountHook
from .grad_norm_hook import GradNormHook
from .non_finite_guard_hook import (
    NonFiniteError,
    NonFiniteGuardHook,
)
from .norm_momentum_hook import NormMomentumHook
from .resumable_checkpoint_hook import ResumableCheckpointHook
from .resume_position_hook import ResumePositionHook
from .rich_progress_hook import RichProgressHook

__all__ = [
    'ClassCountCheckHook',
    'DiscardCountHook',
    'GradNormHook',
    'NonFiniteError',
    'NonFiniteGuardHook',
    'NormMomentumHook',
    'ResumableCheckpointHook',
    'ResumePositionHook',
    'RichProgressHook',
]
