"""The losses on one output's masks, as kMaX-DeepLab has them.

Letters: B images, Q queries, K classes, H W the mask grid, P = H * W.
"""

from __future__ import annotations

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from mmremax.kmax.targets import MaskTargets

from .mask_statistics import mask_statistics

_DIAGNOSTIC_CELLS = 4096  # a diagnostic reads about so many cells


@MODELS.register_module()
class MaskLoss(BaseModule):
    """Mask-id and dice loss of one output.

    Args:
        loss_mask: Config of the mask-id loss.
        loss_dice: Config of the dice loss.
    """

    num_semantic_stages = 0
    """Stages that ask for semantic logits: none (see ReMaskLoss)."""

    def __init__(self, loss_mask: dict, loss_dice: dict) -> None:
        super().__init__()
        self.loss_mask = MODELS.build(loss_mask)
        self.loss_dice = MODELS.build(loss_dice)

    def forward(
        self,
        mask_logits: Tensor,
        class_logits: Tensor,
        targets: MaskTargets,
        stage: int | None,
        semantic_logits: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Compute both losses and the balance of the mask-id loss.

        Args:
            mask_logits: Logits over queries. (B, Q, H, W).
            class_logits: Not used here; see ReMaskLoss. (B, Q, K + 1).
            targets: Targets of the queries.
            stage: Index of the layer; not used here.
            semantic_logits: Not used here.

        Returns:
            Scalars `loss_mask`, `loss_dice` and, as a diagnostic,
            `fp_fn_ratio`.
        """
        mask_logits = mask_logits.flatten(2)
        statistics = mask_statistics(mask_logits, targets.query_map)
        arguments = (mask_logits, statistics, targets)
        with torch.no_grad():
            cells = diagnostic_cells(mask_logits.shape[2])
            balance = self.loss_mask.balance(
                mask_logits[:, :, cells], targets.query_map[:, cells]
            )
        return dict(
            loss_mask=self.loss_mask(*arguments),
            loss_dice=self.loss_dice(*arguments),
            fp_fn_ratio=balance,
        )


def diagnostic_cells(num_cells: int) -> slice:
    """Every n-th cell, about 4096 of them: unbiased, and cheap."""
    return slice(None, None, max(1, num_cells // _DIAGNOSTIC_CELLS))
