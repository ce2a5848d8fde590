"""What both extensions of Mask2Former share: losses on points, a check."""

from __future__ import annotations

import torch
from mmcv.ops import point_sample
from mmdet.models.dense_heads import Mask2FormerHead
from mmdet.models.utils import get_uncertain_point_coords_with_randomness
from torch import Tensor


def point_losses(
    head: Mask2FormerHead,
    mask_logits: Tensor,
    gt_masks: Tensor,
    num_masks: Tensor,
) -> tuple[Tensor, Tensor]:
    """Compare predicted masks with their segments at `head.num_points` points.

    Most of the points are the least certain ones of many candidates. With one
    prediction for each segment, these are the losses of mmdet's
    ``Mask2FormerHead``.

    Paper: Mask2Former Sec. 3.3.

    Args:
        head: Gives the two losses and the numbers of the sampling.
        mask_logits: (S * groups, h, w); the predictions of a segment follow
            one another and share its mask, which is not repeated.
        gt_masks: (S, H, W), bool or 0 and 1.
        num_masks: What the sums over predictions are divided by; () or (1,).

    Returns:
        `loss_mask` and `loss_dice`. Zero without a segment.
    """
    if not len(gt_masks):
        return mask_logits.sum(), mask_logits.sum()
    mask_logits = mask_logits.unsqueeze(1)
    with torch.no_grad():
        points = get_uncertain_point_coords_with_randomness(
            mask_logits,
            None,
            head.num_points,
            head.oversample_ratio,
            head.importance_sample_ratio,
        )  # (S * groups, points, 2), x and y in [0, 1]
        targets = point_sample(
            gt_masks.unsqueeze(1).float(),
            points.reshape(len(gt_masks), -1, 2),
        ).reshape(points.shape[:2])
    logits = point_sample(mask_logits, points).squeeze(1)
    loss_dice = head.loss_dice(logits, targets, avg_factor=num_masks)
    loss_mask = head.loss_mask(
        logits.reshape(-1),
        targets.reshape(-1),
        avg_factor=num_masks * head.num_points,
    )
    return loss_mask, loss_dice


def check_canvas(masks: Tensor, img_meta: dict) -> None:
    """Raise if an image's masks (G, h, w) were not padded with their image.

    Raises:
        ValueError: (h, w) is not `batch_input_shape` of the metainfo.
    """
    canvas = tuple(img_meta['batch_input_shape'])
    if tuple(masks.shape[-2:]) != canvas:
        raise ValueError(
            f'{img_meta.get("img_path", "an image")}: masks of '
            f'{tuple(masks.shape[-2:])} on a canvas of {canvas}. Set '
            'pad_mask=True (and pad_seg=True for panoptic data) in the '
            'data_preprocessor.'
        )
