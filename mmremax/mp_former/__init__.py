"""MP-Former: mask-piloted training of Mask2Former heads."""

from . import mmseg_head
from .head import MPFormerHead, MPFormerMixin

__all__ = ['MPFormerHead', 'MPFormerMixin', 'mmseg_head']
