"""Losses of mask-piloted queries: no matching, the target is known.

Letters: B images, M mask-piloted slots of an image, S segments of the batch,
K classes, h w the grid of the mask logits, H W the canvas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from mmcv.ops import point_sample
from mmdet.models.utils import get_uncertain_point_coords_with_randomness
from mmdet.utils import reduce_mean
from torch import Tensor

from .slots import MaskPilotSlots


@dataclass(frozen=True)
class MaskPilotLoss:
    """Class, mask and dice loss with the modules of a Mask2Former head.

    Paper: MP-Former Sec. 3; the losses are those of Mask2Former Sec. 3.3.

    Args:
        loss_cls: Cross-entropy over K + 1 classes; None leaves it out.
        loss_mask: Binary cross-entropy on points.
        loss_dice: Dice on points.
        class_weight: Weight of each class, no_object last.
        num_points: Points of a mask.
        oversample_ratio: Candidates for each point.
        importance_sample_ratio: Part of the points taken by uncertainty.
        strict: Padding slots have no class loss; otherwise their target is
            no_object.
        loss_weight: Factor on all terms.
    """

    loss_cls: Callable | None
    loss_mask: Callable
    loss_dice: Callable
    class_weight: list[float]
    num_points: int
    oversample_ratio: float
    importance_sample_ratio: float
    strict: bool
    loss_weight: float

    def __call__(
        self,
        class_logits: list[Tensor],
        mask_logits: list[Tensor],
        slots: MaskPilotSlots | None,
        zero: Tensor,
    ) -> dict[str, Tensor]:
        """Compute the losses of all outputs of the decoder.

        Every process has to call it once in each step, with or without
        segments: the mean number of masks goes over the processes.

        Args:
            class_logits: (B, M, K + 1) for each output; any list of the
                right length where `slots` is None.
            mask_logits: (B, M, h, w) for each output, likewise.
            slots: Targets, or None without a mask-piloted part.
            zero: Zero that depends on the parameters of the part, ().

        Returns:
            `mp_loss_cls`, `mp_loss_mask` and `mp_loss_dice` of the last
            output, with the prefix `d{i}.` those of the others.
        """
        count = 0
        if slots is not None:
            count = len(slots.labels) * slots.num_groups
        num_masks = reduce_mean(zero.detach() + count).clamp(min=1)
        names = ['mp_loss_mask', 'mp_loss_dice']
        if self.loss_cls is not None:
            names.insert(0, 'mp_loss_cls')
        losses = {}
        last = len(class_logits) - 1
        for i, (classes, masks) in enumerate(
            zip(class_logits, mask_logits, strict=True)
        ):
            prefix = '' if i == last else f'd{i}.'
            if slots is None:
                values = dict.fromkeys(names, zero)
            else:
                values = self._one_output(
                    classes.float(), masks.float(), slots, num_masks
                )
            losses |= {prefix + name: values[name] for name in names}
        return losses

    def _one_output(
        self,
        class_logits: Tensor,
        mask_logits: Tensor,
        slots: MaskPilotSlots,
        num_masks: Tensor,
    ) -> dict[str, Tensor]:
        """Compute the three losses of one output of the decoder."""
        mask, dice = self._mask_losses(mask_logits, slots, num_masks)
        losses = dict(mp_loss_mask=mask, mp_loss_dice=dice)
        if self.loss_cls is not None:
            losses['mp_loss_cls'] = self._class_loss(class_logits, slots)
        return {k: self.loss_weight * loss for k, loss in losses.items()}

    def _class_loss(
        self, class_logits: Tensor, slots: MaskPilotSlots
    ) -> Tensor:
        """Weighted cross-entropy over the weights of this process."""
        no_object = class_logits.shape[-1] - 1
        labels = slots.spread(slots.labels, no_object).flatten()
        counts = torch.ones_like(labels, dtype=class_logits.dtype)
        if self.strict:
            counts = (~slots.is_padding).flatten().to(counts)
        class_weight = class_logits.new_tensor(self.class_weight)
        return self.loss_cls(
            class_logits.flatten(0, 1),
            labels,
            counts,
            avg_factor=(class_weight[labels] * counts).sum(),
        )

    def _mask_losses(
        self, mask_logits: Tensor, slots: MaskPilotSlots, num_masks: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mask and dice loss on sampled points of the clean masks.

        The groups of a segment share its mask: their points are read from
        it side by side, and the mask is not repeated.
        """
        predicted = slots.gather(mask_logits)  # (S, groups, h, w)
        predicted = predicted.flatten(0, 1).unsqueeze(1)
        with torch.no_grad():
            points = get_uncertain_point_coords_with_randomness(
                predicted,
                None,
                self.num_points,
                self.oversample_ratio,
                self.importance_sample_ratio,
            )  # (S * groups, points, 2), x and y in [0, 1]
            targets = point_sample(
                slots.masks.unsqueeze(1).float(),
                points.unflatten(0, (-1, slots.num_groups)).flatten(1, 2),
            ).reshape(points.shape[:2])
        logits = point_sample(predicted, points).squeeze(1)
        dice = self.loss_dice(logits, targets, avg_factor=num_masks)
        mask = self.loss_mask(
            logits.flatten(),
            targets.flatten(),
            avg_factor=num_masks * points.shape[1],
        )
        return mask, dice
