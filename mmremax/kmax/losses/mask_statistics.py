"""The two numbers that mask-id and dice losses need of a softmax.

Letters: B images, Q queries, P cells of the mask grid.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mmremax.utils.constants import VOID


class MaskStatistics(NamedTuple):
    """Softmax over queries, reduced over what the losses ask for.

    Attributes:
        own_log_prob: Log-probability of the cell's own query; 0 on void.
            (B, P).
        prob_sum: Probabilities summed over the cells that are not void.
            (B, Q).
    """

    own_log_prob: Tensor
    prob_sum: Tensor


def mask_statistics(mask_logits: Tensor, query_map: Tensor) -> MaskStatistics:
    """Reduce the softmax over queries without keeping it.

    Autograd would keep a probability for every query and cell; here the
    backward pass computes it again from the logits.

    Args:
        mask_logits: Logits over queries. (B, Q, P).
        query_map: Query of each cell, or VOID. (B, P), int64.

    Returns:
        The statistics, differentiable with respect to the logits.
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
        """Chain rule through the softmax s_q of one cell.

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
