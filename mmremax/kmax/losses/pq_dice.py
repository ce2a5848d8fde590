"""Mask term of the PQ-style loss.

Letters: B images, Q queries, P locations of the mask grid.
"""

from __future__ import annotations

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from mmremax.kmax.targets import MaskTargets

from .mask_loss import MaskStatistics


@MODELS.register_module()
class PQDiceLoss(BaseModule):
    """Dice of matched masks, weighted by their class probability.

    d_n = 1 - (2 sum_p s_n g_n + 1) / (sum_p s_n + sum_p g_n + 1), sums over
    locations that are not void; the loss is alpha / Q * sum_n w_n d_n with
    w_n = `MaskTargets.query_mask_weight` (0 for unmatched queries). s is the
    softmax over queries, in kMaX-DeepLab and in our reading of ReMaX, which
    names a sigmoid for the mask-id loss and for Eq. 1 alone.

    Paper: kMaX-DeepLab, PQ-style loss, mask term.

    Args:
        alpha: Factor of matched queries.
        activation: Of s, 'softmax' or 'sigmoid'.
    """

    def __init__(
        self,
        alpha: float = 0.75,
        loss_weight: float = 1.0,
        activation: str = 'softmax',
    ) -> None:
        super().__init__()
        if activation not in ('softmax', 'sigmoid'):
            raise ValueError(
                f'PQDiceLoss: activation={activation!r}; use softmax or '
                'sigmoid.'
            )
        self.alpha = alpha
        self.loss_weight = loss_weight
        self.activation = activation

    def forward(
        self,
        mask_logits: Tensor,
        statistics: MaskStatistics,
        targets: MaskTargets,
    ) -> Tensor:
        """Compute the loss of logits over queries, (B, Q, P). Scalar.

        With softmax only their statistics are read.
        """
        if self.activation == 'softmax':
            own_prob = statistics.own_log_prob.exp()
            prob_sum = statistics.prob_sum
        else:
            prob = mask_logits.sigmoid()
            index = targets.query_map.clamp(min=0)[:, None]
            own_prob = prob.gather(1, index).squeeze(1)
            valid = targets.valid[:, :, None].to(prob.dtype)
            prob_sum = (prob @ valid).squeeze(2)
        own_prob = own_prob * targets.valid
        num_queries = mask_logits.shape[1]
        overlap = own_prob.new_zeros(len(own_prob), num_queries)
        overlap = overlap.scatter_add(
            1, targets.query_map.clamp(min=0), own_prob
        )  # void adds 0 to query 0
        area = targets.query_area()
        dice = (2 * overlap + 1) / (prob_sum + area + 1)
        weight = targets.query_mask_weight.to(dice.dtype)
        per_image = self.alpha * (weight * (1 - dice)).mean(1)
        return self.loss_weight * per_image.mean()
