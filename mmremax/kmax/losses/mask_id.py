"""Mask-id cross-entropy: which query does a location belong to?

Letters: B images, Q queries, P locations of the mask grid.
"""

from __future__ import annotations

import math

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmremax.kmax.targets import MaskTargets

from .mask_loss import MaskStatistics
from .reduction import mean_over_nonzero


@MODELS.register_module()
class MaskIdLoss(BaseModule):
    """Cross-entropy over queries for each location that is not void.

    Softmax (published kMaX): x_p = -log softmax(m)_own(p). Sigmoid (ReMaX):
    x_p = sum_q BCE(m_qp, [q is own]), summed over all queries. Both are
    averaged over the locations with x_p != 0.

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
        if activation not in ('softmax', 'sigmoid'):
            raise ValueError(
                f'MaskIdLoss: activation={activation!r}; use softmax or '
                'sigmoid.'
            )
        self.activation = activation
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
            terms = terms * targets.valid
            if self.start_as_softmax:
                num_queries = mask_logits.shape[1]
                terms = terms * (math.log2(num_queries) / num_queries)
        return self.loss_weight * mean_over_nonzero(terms)
