"""The two losses on one output's masks, and the softmax that both read.

Letters: B images, Q queries, P locations of the mask grid.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from mmremax.kmax.predictor import LayerPrediction
from mmremax.kmax.targets import MaskTargets
from mmremax.utils.constants import VOID

from .terms import known_activation, mean_over


class MaskStatistics(NamedTuple):
    """Softmax over queries, reduced over what the losses ask for.

    Attributes:
        own_log_prob: Log-probability of the location's own query; 0 on void.
            (B, P).
        prob_sum: Probabilities summed over the locations that are not void.
            (B, Q).
    """

    own_log_prob: Tensor
    prob_sum: Tensor


def mask_statistics(mask_logits: Tensor, query_map: Tensor) -> MaskStatistics:
    """Reduce the softmax over queries without keeping it.

    Autograd would keep a probability for every query and location; here the
    backward pass computes it again from the logits.

    Args:
        mask_logits: Logits over queries. (B, Q, P).
        query_map: Query of each location, or VOID. (B, P), int64.
    """
    return MaskStatistics(*_MaskStatistics.apply(mask_logits, query_map))


class _MaskStatistics(Function):
    @staticmethod
    def forward(
        ctx: Any, mask_logits: Tensor, query_map: Tensor
    ) -> tuple[Tensor, Tensor]:
        valid = query_map != VOID
        index = query_map.clamp(min=0)[:, None]
        top = mask_logits.amax(1)
        weight = (mask_logits - top[:, None]).exp_()
        own = mask_logits.gather(1, index).squeeze(1) - top
        own_weight = own.exp()
        others = weight.scatter_(1, index, 0).sum(1)
        total = own_weight + others
        # A sure mask's others would be rounded away beside its own 1.
        log_total = torch.where(own == 0, others.log1p(), total.log())
        inverse = total.reciprocal()
        share = inverse * valid
        prob_sum = (weight @ share[:, :, None]).squeeze(2)
        prob_sum.scatter_add_(1, index.squeeze(1), own_weight * share)
        ctx.save_for_backward(mask_logits, top, inverse, query_map)
        return (own - log_total) * valid, prob_sum

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_own: Tensor, grad_sum: Tensor
    ) -> tuple[Tensor, None]:
        """Chain rule through the softmax s_q of one location.

        d own / d m_q = [q is own] - s_q;
        d prob_sum_r / d m_q = s_q ([r = q] - s_r).
        """
        mask_logits, top, inverse, query_map = ctx.saved_tensors
        valid = query_map != VOID
        grad_own = grad_own * valid
        prob = (mask_logits - top[:, None]).exp_()
        prob.mul_((inverse * valid)[:, None])
        mean = (grad_sum[:, None] @ prob).squeeze(1)  # (B, P)
        grad = prob * grad_sum[:, :, None]
        grad.addcmul_(prob, (mean + grad_own)[:, None], value=-1)
        index = query_map.clamp(min=0)[:, None]
        grad.scatter_add_(1, index, grad_own[:, None])
        return grad, None


@MODELS.register_module()
class MaskIdLoss(BaseModule):
    """Cross-entropy over queries for each location that is not void.

    Softmax (published kMaX): x_p = -log softmax(m)_own(p). Sigmoid (ReMaX):
    x_p = sum_q BCE(m_qp, [q is own]), summed over all queries. Both are
    averaged over the locations that are not void.

    Paper: kMaX-DeepLab, mask-id loss; ReMaX Sec. 3.1 and Table 2.

    Args:
        activation: 'softmax' or 'sigmoid'.
        start_as_softmax: With sigmoid, multiply by ln Q / (Q ln 2). At equal
            logits of 0 the sum over Q queries is Q ln 2 and the softmax's
            term ln Q; so both start alike, and one weight serves both with
            any number of queries. ReMaX names no normalisation; without it
            the sum starts 18 times higher with 128 queries.
    """

    def __init__(
        self,
        activation: str = 'softmax',
        loss_weight: float = 1.0,
        start_as_softmax: bool = False,
    ) -> None:
        super().__init__()
        self.activation = known_activation(self, activation)
        self.start_as_softmax = start_as_softmax
        self.loss_weight = loss_weight

    def forward(
        self,
        mask_logits: Tensor,
        statistics: MaskStatistics,
        targets: MaskTargets,
    ) -> Tensor:
        """Compute the loss of logits over queries, (B, Q, P). Scalar."""
        if self.activation == 'softmax':
            terms = -statistics.own_log_prob
        else:
            index = targets.query_map.clamp(min=0)[:, None]
            own = mask_logits.gather(1, index).squeeze(1)
            terms = F.softplus(mask_logits).sum(1) - own
            if self.start_as_softmax:
                num_queries = mask_logits.shape[1]
                terms = terms * (math.log2(num_queries) / num_queries)
        return self.loss_weight * mean_over(terms, targets.valid)


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
        self.alpha = alpha
        self.loss_weight = loss_weight
        self.activation = known_activation(self, activation)

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


@MODELS.register_module()
class MaskLoss(BaseModule):
    """Mask-id and dice loss of one output, each as its config says.

    Both read one softmax over queries, which is not kept.
    """

    def __init__(self, loss_mask: dict, loss_dice: dict) -> None:
        super().__init__()
        self.loss_mask = MODELS.build(loss_mask)
        self.loss_dice = MODELS.build(loss_dice)

    def forward(
        self, output: LayerPrediction, targets: MaskTargets
    ) -> dict[str, Tensor]:
        """Compute `loss_mask` and `loss_dice`, scalars, on the mask grid."""
        mask_logits = output.mask_logits.flatten(2)
        statistics = mask_statistics(mask_logits, targets.query_map)
        return dict(
            loss_mask=self.loss_mask(mask_logits, statistics, targets),
            loss_dice=self.loss_dice(mask_logits, statistics, targets),
        )
