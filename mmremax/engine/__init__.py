"""What the runner needs: hooks, optimizers, checkpoints."""

from .channels_last import ChannelsLastHook
from .count_hooks import DiscardCountHook
from .data_check_hook import ClassCountCheckHook
from .gradient_hooks import GradNormHook, NonFiniteError, NonFiniteGuardHook
from .optim import NormMomentumHook
from .pretrained_weights import StrictPretrained
from .resume import (
    AtomicBackend,
    ResumableCheckpointHook,
    ResumePositionHook,
)
from .rich_progress_hook import RichProgressHook
from .tracking import RunMLflowBackend, RunWandbBackend

__all__ = [
    'AtomicBackend',
    'ClassCountCheckHook',
    'DiscardCountHook',
    'GradNormHook',
    'NonFiniteError',
    'NonFiniteGuardHook',
    'ChannelsLastHook',
    'NormMomentumHook',
    'ResumableCheckpointHook',
    'ResumePositionHook',
    'RichProgressHook',
    'RunMLflowBackend',
    'RunWandbBackend',
    'StrictPretrained',
]
