"""MP-Former: mask-piloted training of Mask2Former heads."""

from . import mmseg_head
from .head import (
    MPFormerHead,
    MPFormerMixin,
)
from .loss import MaskPilotLoss

__all__ = [
    'MPFormerHead',
    'MPFormerMixin',
    'MaskPilotLoss',
    'mmseg_head',
]
