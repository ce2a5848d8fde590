"""Mask-piloted training and ReMaX's relaxations in one head."""

from __future__ import annotations

from mmdet.models.dense_heads import Mask2FormerHead
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from mmremax.mp_former.head import MPFormerMixin

from .mask2former_head import ReMaXMask2FormerMixin, captured


@MODELS.register_module()
class MPFormerReMaXHead(MPFormerMixin, ReMaXMask2FormerMixin, Mask2FormerHead):
    """Both methods: mask-piloted queries are never relaxed."""

    def loss_with_pilots(
        self,
        x: list[Tensor],
        batch_data_samples: list,
        batch_gt_instances: list[InstanceData],
    ) -> dict:
        """Relax the matching part; see MPFormerMixin.loss_with_pilots."""
        with captured(self.pixel_decoder) as features:
            return super().loss_with_pilots(
                x,
                batch_data_samples,
                batch_gt_instances,
                lambda *outputs: self.loss_by_feat(*outputs, *features),
            )
