"""The losses on one output's masks, and the softmax that both read.

Letters: B images, Q queries, P locations of the mask grid.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mmremax.kmax.predictor import LayerPrediction
from mmremax.kmax.targets import MaskTargets
from mmremax.utils.constants import VOID


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
        log_sum = mask_logits.logsumexp(1)
        own = mask_logits.gather(1, index).squeeze(1) - log_sum
        prob = (mask_logits - log_sum[:, None]).exp_()
        prob_sum = prob @ valid[:, :, None].to(prob.dtype)
        ctx.save_for_backward(mask_logits, log_sum, query_map)
        return own * valid, prob_sum.squeeze(2)

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_own: Tensor, grad_sum: Tensor
    ) -> tuple[Tensor, None]:
        """Chain rule through the softmax s_q of one location.

        d own / d m_q = [q is own] - s_q;
        d prob_sum_r / d m_q = s_q ([r = q] - s_r).
        """
        mask_logits, log_sum, query_map = ctx.saved_tensors
        valid = query_map != VOID
        grad_own = grad_own * valid
        prob = (mask_logits - log_sum[:, None]).exp_()
        prob.mul_(valid[:, None])
        mean = (grad_sum[:, None] @ prob).squeeze(1)  # (B, P)
        grad = prob * grad_sum[:, :, None]
        grad.addcmul_(prob, (mean + grad_own)[:, None], value=-1)
        index = query_map.clamp(min=0)[:, None]
        grad.scatter_add_(1, index, grad_own[:, None])
        return grad, None


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
