"""Mask-piloted training and ReMaX's relaxations in one head."""

from __future__ import annotations

from mmdet.models.dense_heads import Mask2FormerHead
from mmdet.registry import MODELS

from mmremax.mp_former.head import MPFormerMixin

from .mask2former_head import ReMaXMask2FormerMixin


@MODELS.register_module()
class MPFormerReMaXHead(MPFormerMixin, ReMaXMask2FormerMixin, Mask2FormerHead):
    """Both methods: mask-piloted queries are never relaxed."""
