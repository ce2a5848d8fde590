"""Matched queries of a Mask2Former, their targets, and losses on points.

Letters: B images, Q queries, G the largest number of matched queries of an
image, N matched queries of the batch, K classes, H W the mask grid, h w the
canvas of the ground truth, P = H * W.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from mmremax.kmax.norm import at_least_float32
from mmremax.utils.point_losses import point_losses


@dataclass
class MatchedQueries:
    """Predictions of the matched queries, in the order of the queries.

    Rows of images with fewer than G matched queries are filled up with
    unmatched ones. What LayerPrediction is in kMaX-DeepLab; at least
    float32.

    Attributes:
        mask_logits: Un-relaxed. (B, G, H, W).
        class_logits: no_object last. (B, G, K + 1).
        labels: Class of the segment, K in a filling row. (B, G), int64.
        is_matched: False in a filling row. (B, G), bool.
        index: Which of the Q queries. (B, G), int64.
        prefix: Of the output's losses in the log.
        is_relaxed: Whether the mask loss may relax the masks.
        semantic_logits: m_sem of a relaxed output, of the K classes.
            (B, K, h', w').
    """

    mask_logits: Tensor
    class_logits: Tensor
    labels: Tensor
    is_matched: Tensor
    index: Tensor
    prefix: str
    is_relaxed: bool
    semantic_logits: Tensor | None

    @classmethod
    def of(
        cls,
        mask_logits: Tensor,
        class_logits: Tensor,
        labels: Tensor,
        is_matched: Tensor,
        num_rows: int,
        prefix: str = '',
        is_relaxed: bool = False,
        semantic_logits: Tensor | None = None,
    ) -> MatchedQueries:
        """Pick them out of all queries.

        Args:
            mask_logits: (B, Q, H, W).
            class_logits: (B, Q, K + 1).
            labels: (B, Q), int64.
            is_matched: (B, Q), bool.
            num_rows: G.
            prefix: See the attributes.
            is_relaxed: Likewise.
            semantic_logits: Likewise; void may be an output, the last.
        """
        order = is_matched.int().argsort(dim=1, descending=True, stable=True)
        index = order[:, :num_rows]
        if semantic_logits is not None:
            semantic_logits = semantic_logits[:, : class_logits.shape[2] - 1]
        return cls(
            at_least_float32(_rows(mask_logits, index)),
            at_least_float32(_rows(class_logits, index)),
            _rows(labels, index),
            _rows(is_matched, index),
            index,
            prefix,
            is_relaxed,
            semantic_logits,
        )


@dataclass
class MatchedTargets:
    """What MatchedQueries shall predict; MaskTargets of kMaX-DeepLab.

    Attributes:
        labels: See MatchedQueries. (B, G), int64.
        is_matched: Likewise. (B, G), bool.
        masks: Of the matched segments, image by image in the order of the
            queries. (N, h, w).
        num_masks: N, averaged over processes, at least 1. (1,).
        semantic_map: Class of each location, or VOID. (B, P), int64.
        size: (H, W).
        class_fractions: None: labels are strided here.
    """

    labels: Tensor
    is_matched: Tensor
    masks: Tensor
    num_masks: Tensor
    semantic_map: Tensor
    size: tuple[int, int]
    class_fractions: None = None


@MODELS.register_module()
class PointMaskLoss(BaseModule):
    """Mask and dice loss of matched masks on sampled points.

    Paper: Mask2Former Sec. 3.3.

    Args:
        loss_mask: Config of the binary cross-entropy.
        loss_dice: Config of the dice loss.
        num_points: Points of a mask.
        oversample_ratio: Candidates for each point.
        importance_sample_ratio: Part of the points taken by uncertainty.
    """

    def __init__(
        self,
        loss_mask: dict,
        loss_dice: dict,
        num_points: int = 12544,
        oversample_ratio: float = 3.0,
        importance_sample_ratio: float = 0.75,
    ) -> None:
        super().__init__()
        self.loss_mask = MODELS.build(loss_mask)
        self.loss_dice = MODELS.build(loss_dice)
        self.num_points = num_points
        self.oversample_ratio = oversample_ratio
        self.importance_sample_ratio = importance_sample_ratio

    def forward(
        self, output: MatchedQueries, targets: MatchedTargets
    ) -> dict[str, Tensor]:
        """Compute both losses. Scalars `loss_mask` and `loss_dice`."""
        loss_mask, loss_dice = point_losses(
            self,
            output.mask_logits[targets.is_matched],
            targets.masks,
            targets.num_masks,
        )
        return dict(loss_mask=loss_mask, loss_dice=loss_dice)


def _rows(values: Tensor, index: Tensor) -> Tensor:
    """Pick rows of axis 1 for each image. (B, Q, ...) to (B, G, ...)."""
    shape = values.shape[2:]
    index = index.reshape(*index.shape, *[1] * len(shape))
    return torch.gather(values, 1, index.expand(-1, -1, *shape))
