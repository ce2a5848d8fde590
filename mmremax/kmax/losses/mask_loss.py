"""The losses on one output's masks, as kMaX-DeepLab has them."""

from __future__ import annotations

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from mmremax.kmax.predictions import LayerPrediction
from mmremax.kmax.targets import MaskTargets

from .mask_statistics import mask_statistics


@MODELS.register_module()
class MaskLoss(BaseModule):
    """Mask-id and dice loss of one output.

    Both read one softmax over queries, which is not kept.

    Args:
        loss_mask: Config of the mask-id loss.
        loss_dice: Config of the dice loss.
    """

    def __init__(self, loss_mask: dict, loss_dice: dict) -> None:
        super().__init__()
        self.loss_mask = MODELS.build(loss_mask)
        self.loss_dice = MODELS.build(loss_dice)

    def forward(
        self, output: LayerPrediction, targets: MaskTargets
    ) -> dict[str, Tensor]:
        """Compute both losses.

        Args:
            output: Its mask logits are on the mask grid.
            targets: Targets of the queries.

        Returns:
            Scalars `loss_mask` and `loss_dice`.
        """
        mask_logits = output.mask_logits.flatten(2)
        statistics = mask_statistics(mask_logits, targets.query_map)
        return dict(
            loss_mask=self.loss_mask(mask_logits, statistics, targets),
            loss_dice=self.loss_dice(mask_logits, statistics, targets),
        )
