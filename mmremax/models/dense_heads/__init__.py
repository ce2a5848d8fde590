"""Heads that know the order of the steps."""

from .kmax_head import KMaXHead
from .mp_former_head import MPFormerHead, MPFormerMixin
from .remax_mask2former_head import (
    ReMaXMask2FormerHead,
    ReMaXMask2FormerMixin,
)

__all__ = [
    'KMaXHead',
    'MPFormerHead',
    'MPFormerMixin',
    'ReMaXMask2FormerHead',
    'ReMaXMask2FormerMixin',
]
