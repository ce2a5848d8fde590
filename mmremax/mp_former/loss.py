"""Losses of mask-piloted queries: no matching, the target is known."""

from __future__ import annotations

from mmdet.models.dense_heads import Mask2FormerHead
from mmdet.utils import reduce_mean
from torch import Tensor

from mmremax.utils.point_losses import point_losses

from .pilots import PilotSlots


def pilot_losses(
    head: Mask2FormerHead,
    class_logits: list[Tensor],
    mask_logits: list[Tensor],
    slots: PilotSlots | None,
) -> dict[str, Tensor]:
    """Compute the losses of all outputs of the decoder.

    Every process has to call it once in each step, with or without
    segments: the mean number of masks goes over the processes.

    Paper: MP-Former Sec. 3; the losses are those of Mask2Former Sec. 3.3.

    Args:
        head: Its losses, weights and class embedding are used.
        class_logits: (B, M, K + 1) for each output; any list of the right
            length where `slots` is None.
        mask_logits: (B, M, h, w) for each output, likewise.
        slots: Targets, or None without a segment in the batch.

    Returns:
        `mp_loss_cls`, `mp_loss_mask` and `mp_loss_dice` of the last output,
        with the prefix `d{i}.` those of the others; zeros that depend on
        the class embedding without a segment.
    """
    zero = head.label_embed.weight.sum() * 0
    count = 0 if slots is None else len(slots.labels) * slots.num_groups
    num_masks = reduce_mean(zero.detach() + count).clamp(min=1)
    losses = {}
    for i, (classes, masks) in enumerate(
        zip(class_logits, mask_logits, strict=True)
    ):
        values = zero, zero, zero
        if slots is not None:
            values = (
                _class_loss(head, classes.float(), slots),
                *point_losses(
                    head, slots.gather(masks.float()), slots.masks, num_masks
                ),
            )
        prefix = '' if i == len(class_logits) - 1 else f'd{i}.'
        for kind, value in zip(('cls', 'mask', 'dice'), values, strict=True):
            losses[f'{prefix}mp_loss_{kind}'] = value
    return losses


def _class_loss(
    head: Mask2FormerHead, class_logits: Tensor, slots: PilotSlots
) -> Tensor:
    """Weighted cross-entropy; padding slots: see PilotSettings.padding."""
    labels = slots.spread(slots.labels, head.num_classes).flatten()
    class_weight = class_logits.new_tensor(head.class_weight)
    class_logits = class_logits.flatten(0, 1)
    if head.mp_cfg.padding == 'strict':
        is_real = ~slots.is_padding.flatten()
        labels, class_logits = labels[is_real], class_logits[is_real]
    return head.loss_cls(
        class_logits, labels, avg_factor=class_weight[labels].sum()
    )
