"""ReClass: class targets softened by what else a query's mask covers.

Letters: B images, Q queries, K classes, H W the mask grid, P = H * W.
"""

from __future__ import annotations

import torch
from mmdet.registry import TASK_UTILS
from torch import Tensor
from torch.nn import functional as F

from mmremax.kmax.class_fractions import (
    is_soft,
    require_share,
)
from mmremax.kmax.segments import (
    BatchSegments,
    count_by_segment,
    sum_by_segment,
)
from mmremax.kmax.targets import MaskTargets


@TASK_UTILS.register_module()
class ReClassAssigner:
    """Match like the base; soften the class targets of the queries.

    Paper: ReMaX, Eq. 3-4, Table 4.

    Args:
        base: Config of the assigner that matches; None is KMaXAssigner.
        eta: Strength of the relaxation, in [0, 1]; 0 is one-hot.
        queries: Whose targets are softened, those of the ``matched`` (the
            default: the paper speaks of overlap with segments) or of
            ``all``.
        semantic_target: S of Eq. 3: ``strided``, the class of every s-th
            pixel (published), or ``soft``, the share of each class in the
            pixels of a cell.

    Raises:
        ValueError: `eta` is outside [0, 1], or a name is unknown.
    """

    def __init__(
        self,
        base: dict | None = None,
        eta: float = 0.1,
        queries: str = 'matched',
        semantic_target: str = 'strided',
    ) -> None:
        if not 0 <= eta <= 1:
            raise ValueError(f'ReClassAssigner: eta={eta} is not in [0, 1].')
        self.base = TASK_UTILS.build(base or dict(type='KMaXAssigner'))
        if queries not in ('matched', 'all'):
            raise ValueError(f'ReClassAssigner: {queries=}.')
        self.eta = eta
        self.softens_all = queries == 'all'
        self.is_soft = is_soft(semantic_target, 'ReClassAssigner')

    def assign(
        self,
        class_logits: Tensor,
        mask_logits: Tensor,
        segments: BatchSegments,
    ) -> MaskTargets:
        """Match with the base assigner; see KMaXAssigner.assign."""
        return self.base.assign(class_logits, mask_logits, segments)

    @torch.no_grad()
    def class_targets(
        self,
        labels: Tensor,
        mask_logits: Tensor,
        semantic_map: Tensor,
        num_classes: int,
        semantic_share: Tensor | None = None,
    ) -> Tensor:
        """Soften the rows that `queries` names; no_object stays one-hot.

        Eq. 3: y_m = sigma(m_pan)^T S / sum_i S_i, 0 for absent classes.
        Eq. 4: y_hat = eta * y_m + (1 - eta * y_m) * y.

        Args:
            labels: Class of each query, K if unmatched. (B, Q), int64.
            mask_logits: Un-relaxed logits of the stage. (B, Q, H, W).
            semantic_map: Class of each cell, or VOID. (B, P), int64.
            num_classes: K.
            semantic_share: Share of each class in a cell; read if
                `semantic_target` is ``soft``. (B, K, P).

        Returns:
            Weights in [0, 1], not normalised; the label keeps 1 and the
            no_object column is never softened. (B, Q, K + 1).
        """
        one_hot = self.base.class_targets(
            labels, mask_logits, semantic_map, num_classes
        )
        if self.eta == 0:
            return one_hot
        mask_prob = mask_logits.flatten(2).sigmoid()
        if self.is_soft:
            share = _soft_share(mask_prob, semantic_share)
        else:
            covered = sum_by_segment(mask_prob, semantic_map, num_classes)
            area = count_by_segment(semantic_map, num_classes)[:, None]
            share = covered / area.clamp(min=1)  # Eq. 3
            share[:, :, -1] = 0  # cells without ground truth soften nothing
        if not self.softens_all:
            share = share * (labels < num_classes)[:, :, None]
        return self.eta * share + (1 - self.eta * share) * one_hot  # Eq. 4


def _soft_share(mask_prob: Tensor, semantic_share: Tensor | None) -> Tensor:
    """Eq. 3 with shares for S; 0 for no_object. (B, Q, K + 1)."""
    semantic_share = require_share(semantic_share, 'ReClassAssigner')
    semantic_share = semantic_share.to(mask_prob.dtype)
    covered = mask_prob @ semantic_share.transpose(1, 2)
    area = semantic_share.sum(2)[:, None]
    return F.pad(covered / (area + 1e-5), (0, 1))
