"""mmseg's heads that train on class fractions.

Letters: N images, C classes, h w the grid of the logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmseg.models import decode_heads
from mmseg.models.losses import accuracy
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from torch import Tensor, nn

from .target import SoftTarget


class SoftLabelLossMixin:
    """Stands before a decode head of mmseg and replaces its loss_by_feat.

    Losses with the attribute `soft_target` get the fractions of
    `gt_soft_seg`; others, and the accuracy, get hard labels. Samples without
    the field train as in the parent, where soft losses read the hard
    labels. Inference is the parent's.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = type(self).__name__
        if self.out_channels == 1:
            raise ValueError(
                f'{name}: out_channels=1 has no channel for the second '
                'class: set out_channels=2.'
            )
        if self.sampler is not None and any(map(_is_soft, self._losses())):
            raise ValueError(
                f'{name}: a pixel sampler (OHEM) assumes hard labels: '
                'remove sampler, or use CrossEntropyLoss.'
            )

    def loss_by_feat(
        self, seg_logits: Tensor, batch_data_samples: list
    ) -> dict[str, Tensor]:
        """Compute the losses, soft ones in float32, and `acc_seg`.

        Logits: (N, C, h, w). All samples have `gt_soft_seg`, or none.
        """
        target = SoftTarget.of_samples(batch_data_samples, self.num_classes)
        if target is None:
            return super().loss_by_feat(seg_logits, batch_data_samples)
        labels = self._stack_batch_gt(batch_data_samples).squeeze(1)
        seg_logits = resize(
            seg_logits.float(),
            size=labels.shape[1:],
            mode='bilinear',
            align_corners=self.align_corners,
        )
        losses: dict[str, Tensor] = {}
        for loss in self._losses():
            truth = target if _is_soft(loss) else labels
            value = loss(seg_logits, truth, ignore_index=self.ignore_index)
            losses[loss.loss_name] = losses.get(loss.loss_name, 0) + value
        losses['acc_seg'] = accuracy(
            seg_logits, labels, ignore_index=self.ignore_index
        )
        return losses

    def _losses(self) -> Sequence[nn.Module]:
        losses = self.loss_decode
        return losses if isinstance(losses, nn.ModuleList) else [losses]


def _is_soft(loss: nn.Module) -> bool:
    return getattr(loss, 'soft_target', False)


@MODELS.register_module()
class SoftFCNHead(SoftLabelLossMixin, decode_heads.FCNHead):
    """FCNHead on soft labels; the auxiliary head of many models."""


@MODELS.register_module()
class SoftDepthwiseSeparableASPPHead(
    SoftLabelLossMixin, decode_heads.DepthwiseSeparableASPPHead
):
    """DepthwiseSeparableASPPHead (DeepLabV3+) on soft labels."""


@MODELS.register_module()
class SoftOCRHead(SoftLabelLossMixin, decode_heads.OCRHead):
    """OCRHead (OCRNet) on soft labels."""


@MODELS.register_module()
class SoftSegformerHead(SoftLabelLossMixin, decode_heads.SegformerHead):
    """SegformerHead (SegFormer) on soft labels."""
