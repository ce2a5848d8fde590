"""Class term of the PQ-style loss.

Letters: B images, Q queries, K classes.
"""

from __future__ import annotations

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmremax.kmax.targets import MaskTargets

from .terms import known_activation, mean_over


@MODELS.register_module()
class PQClassificationLoss(BaseModule):
    """Cross-entropy of the queries, weighted by how well masks fit.

    x_n = a_n w_n (1 - p_n)^gamma CE(class_logits_n, target_n), where w_n is
    `MaskTargets.query_class_weight`, a_n balances matched and unmatched
    queries and p_n = exp(-CE); the average is over a_n w_n > 0.

    Paper: kMaX-DeepLab, PQ-style loss, class term. ReMaX Eq. 4 makes the
    target soft: the cross-entropy then weighs each class's log-probability
    by its target, un-normalised. With a sigmoid, CE is the sum of the binary
    cross-entropies of all K + 1 outputs; the paper names neither.

    Args:
        alpha: a_n of matched queries; 1 - alpha for unmatched ones.
            None weighs both 1.
        gamma: Focal exponent; 0 is the published setting.
        activation: 'softmax' (published) or 'sigmoid'.
    """

    def __init__(
        self,
        alpha: float | None = 0.75,
        gamma: float = 0.0,
        activation: str = 'softmax',
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        self.alpha = alpha
        self.gamma = gamma
        self.activation = known_activation(self, activation)
        self.loss_weight = loss_weight

    def forward(
        self, class_logits: Tensor, class_targets: Tensor, targets: MaskTargets
    ) -> Tensor:
        """Compute the loss. Scalar.

        Logits and targets have no_object last; the targets are one-hot or
        softened, in [0, 1]. (B, Q, K + 1) both.
        """
        if self.activation == 'softmax':
            terms = -class_targets * class_logits.log_softmax(2)
        else:
            terms = F.softplus(class_logits) - class_targets * class_logits
        terms = terms.sum(2)  # (B, Q)
        if self.gamma:
            terms = terms * (1 - (-terms).exp()) ** self.gamma
        weight = targets.query_class_weight.to(terms.dtype)
        if self.alpha is not None:
            is_object = targets.labels < class_logits.shape[2] - 1
            weight = weight * (
                self.alpha * is_object + (1 - self.alpha) * ~is_object
            )
        return self.loss_weight * mean_over(weight * terms, weight > 0)
