"""Heads that know the order of the steps."""

from .kmax_head import KMaXHead
from .remax_mask2former_head import (
    ReMaXMask2FormerHead,
    ReMaXMask2FormerMixin,
)

__all__ = ['KMaXHead', 'ReMaXMask2FormerHead', 'ReMaXMask2FormerMixin']
