"""Lets a semantic head of mmseg train on class fractions.

Letters: N images, C classes, h w the grid of the logits, H W that of the
labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmseg.models.losses import accuracy
from mmseg.models.utils import resize
from torch import Tensor, nn

from .target import SoftTarget

_ALIGNMENTS = ('logits_to_target', 'target_to_logits')


class SoftLabelLossMixin:
    """Stands before a decode head of mmseg and replaces its loss_by_feat.

    Losses with the attribute `soft_target` get the fractions of
    `gt_soft_seg`; others, and the accuracy, get hard labels. Samples without
    the field train as in the parent, where soft losses read the hard
    labels. Inference is the parent's.

    Args:
        align: Where logits and fractions meet if their grids differ:
            ``logits_to_target`` resizes the logits (bilinear), as mmseg
            does; ``target_to_logits`` averages the fractions (area), which
            needs less memory.
        *args: Of the head.
        **kwargs: Of the head.

    Raises:
        ValueError: The head samples pixels, has one output for two classes,
            or `loss_decode` names mmseg's KLDivLoss.
    """

    def __init__(
        self, *args: Any, align: str = 'logits_to_target', **kwargs: Any
    ) -> None:
        name = type(self).__name__
        if align not in _ALIGNMENTS:
            raise ValueError(
                f'{name}: align={align!r} is none of {", ".join(_ALIGNMENTS)}.'
            )
        _refuse_kl_div(name, kwargs.get('loss_decode'))
        super().__init__(*args, **kwargs)
        self.align = align
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
        """Compute the losses, soft ones in float32.

        Args:
            seg_logits: (N, C, h, w).
            batch_data_samples: Samples with `gt_sem_seg`, and all or none
                with `gt_soft_seg`.

        Returns:
            Scalars by the losses' names, and `acc_seg`.
        """
        target = SoftTarget.of_samples(batch_data_samples, self.num_classes)
        if target is None:
            return super().loss_by_feat(seg_logits, batch_data_samples)
        seg_logits = seg_logits.float()
        if target.size != tuple(seg_logits.shape[2:]):
            if self.align == 'logits_to_target':
                seg_logits = resize(
                    seg_logits,
                    size=target.size,
                    mode='bilinear',
                    align_corners=self.align_corners,
                )
            else:
                target = target.pooled(seg_logits.shape[2:], self.num_classes)
        labels = self._hard_labels(target, batch_data_samples)
        losses: dict[str, Tensor] = {}
        for loss in self._losses():
            value = loss(
                seg_logits,
                target if _is_soft(loss) else labels,
                ignore_index=self.ignore_index,
            )
            previous = losses.get(loss.loss_name, 0)
            losses[loss.loss_name] = previous + value
        losses['acc_seg'] = accuracy(
            seg_logits, labels, ignore_index=self.ignore_index
        )
        return losses

    def _hard_labels(
        self, target: SoftTarget, batch_data_samples: list
    ) -> Tensor:
        """The hard map where it has the target's size. (N, h, w), int64."""
        maps = self._stack_batch_gt(batch_data_samples).squeeze(1)
        if tuple(maps.shape[1:]) == target.size:
            return maps
        return target.majority(self.num_classes, self.ignore_index)

    def _losses(self) -> Sequence[nn.Module]:
        losses = self.loss_decode
        return losses if isinstance(losses, nn.ModuleList) else [losses]


def _is_soft(loss: nn.Module) -> bool:
    return getattr(loss, 'soft_target', False)


def _refuse_kl_div(name: str, loss_decode: Any) -> None:
    """Mmseg's own is not registered, and is no divergence of fractions."""
    configs = (
        loss_decode if isinstance(loss_decode, list | tuple) else [loss_decode]
    )
    for config in configs:
        kind = str((config or {}).get('type', ''))
        if kind.split('.')[-1] == 'KLDivLoss':
            raise ValueError(
                f"{name}: mmseg's KLDivLoss applies a softmax to the target "
                'and knows no ignored pixels: use SoftKLDivLoss.'
            )
