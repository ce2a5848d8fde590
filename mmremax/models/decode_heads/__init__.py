"""Heads of mmseg's segmentors; importing registers them."""

from .mp_former_head import MPFormerHead

__all__ = ['MPFormerHead']
