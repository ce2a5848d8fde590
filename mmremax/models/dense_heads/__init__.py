"""Heads that know the order of the steps."""

from .kmax_head import KMaXHead
from .mp_former_head import MPFormerHead, MPFormerMixin
from .mp_former_remax_head import MPFormerReMaXHead
from .remax_mask2former_head import (
    ReMaXMask2FormerHead,
    ReMaXMask2FormerMixin,
)

__all__ = [
    'KMaXHead',
    'MPFormerHead',
    'MPFormerMixin',
    'MPFormerReMaXHead',
    'ReMaXMask2FormerHead',
    'ReMaXMask2FormerMixin',
]
