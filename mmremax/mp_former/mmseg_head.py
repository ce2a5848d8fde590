"""Mask-piloted training for semantic segmentation, in mmseg's registry."""

from __future__ import annotations

from mmseg.models.decode_heads import Mask2FormerHead
from mmseg.registry import MODELS
from torch import Tensor

from .head import MPFormerMixin


@MODELS.register_module()
class MPFormerHead(MPFormerMixin, Mask2FormerHead):
    """mmseg's ``Mask2FormerHead`` with mask-piloted training.

    A segment is a class that the image shows; pixels of `ignore_index`
    belong to none.
    """

    def loss(
        self,
        x: tuple[Tensor],
        batch_data_samples: list,
        train_cfg: dict | None = None,
    ) -> dict:
        """Compute the losses of both parts; see ``MPFormerMixin.loss``."""
        if self.mp_cfg is None:
            return Mask2FormerHead.loss(self, x, batch_data_samples, train_cfg)
        batch_gt_instances, _ = self._seg_data_to_instance_data(
            batch_data_samples
        )
        return self.loss_with_pilots(x, batch_data_samples, batch_gt_instances)
