"""ReClass: class targets softened by mask overlap (Eq. 3 and 4).

Letters: B images, Q queries, K classes, H W the mask grid, P = H * W.
"""

from __future__ import annotations

import torch
from mmdet.registry import TASK_UTILS
from torch import Tensor
from torch.nn import functional as F

from mmremax.kmax.class_fractions import is_soft, require_fractions
from mmremax.kmax.predictor import LayerPrediction
from mmremax.kmax.segments import count_by_segment, sum_by_few_segments
from mmremax.kmax.targets import MaskTargets, one_hot_like


def class_overlap(
    mask_prob: Tensor, semantic_map: Tensor, num_classes: int
) -> Tensor:
    """Eq. 3: y_m = sigma(m_pan)^T S / sum_i S_i. (B, Q, K).

    From sigma(m_pan), (B, Q, P), and S as the class of each location, or
    VOID, (B, P): the part of each class that a mask covers, in [0, 1]; 0
    for absent classes.
    """
    covered = sum_by_few_segments(mask_prob, semantic_map, num_classes)
    area = count_by_segment(semantic_map, num_classes)[:, None]
    return (covered / area.clamp(min=1))[:, :, :-1]


def soft_class_overlap(mask_prob: Tensor, class_fractions: Tensor) -> Tensor:
    """Eq. 3 with fractions of classes for S. (B, K, P) to (B, Q, K)."""
    fractions = class_fractions.to(mask_prob.dtype)
    covered = mask_prob @ fractions.transpose(1, 2)
    return covered / (fractions.sum(2)[:, None] + 1e-5)


def soften(one_hot: Tensor, overlap: Tensor, eta: float) -> Tensor:
    """Eq. 4: y_hat = eta * y_m + (1 - eta * y_m) * y. (B, Q, K + 1).

    From y, one-hot with no_object last, y_m, (B, Q, K), and eta in [0, 1]:
    weights in [0, 1], not normalised. The label keeps 1, no_object keeps y.
    """
    added = eta * F.pad(overlap, (0, 1))
    return added + (1 - added) * one_hot


@TASK_UTILS.register_module()
class ReClassAssigner:
    """Match like another assigner; soften the class targets of the queries.

    It stands around the head's own: KMaXAssigner in kMaX-DeepLab, mmdet's
    HungarianAssigner in Mask2Former (`train_cfg.assigner`).

    Paper: ReMaX, Eq. 3-4, Table 4.

    Args:
        base: Config of the assigner that matches; None is KMaXAssigner.
        eta: Strength of the relaxation, in [0, 1]; 0 is one-hot.
        queries: Whose targets are softened, those of the ``matched`` (the
            default: the paper speaks of overlap with segments) or of
            ``all``.
        semantic_target: S of Eq. 3: ``strided``, the class of every s-th
            pixel (published), or ``soft``, the fraction of each class in
            the pixels of a location.

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

    def assign(self, *args: object, **kwargs: object) -> object:
        """Match as the base assigner does."""
        return self.base.assign(*args, **kwargs)

    @torch.no_grad()
    def class_targets(
        self, output: LayerPrediction, targets: MaskTargets
    ) -> Tensor:
        """Soften the rows that `queries` names; see soften(). (B, Q, K + 1).

        The mask logits are un-relaxed, on the mask grid. Of the targets,
        `labels` and `semantic_map` are read, or `class_fractions` if
        `semantic_target` is ``soft``.
        """
        one_hot = one_hot_like(targets.labels, output.class_logits)
        if self.eta == 0:
            return one_hot
        num_classes = one_hot.shape[2] - 1
        mask_prob = output.mask_logits.flatten(2).sigmoid()
        if self.is_soft:
            overlap = soft_class_overlap(
                mask_prob,
                require_fractions(targets.class_fractions, 'ReClassAssigner'),
            )
        else:
            overlap = class_overlap(
                mask_prob, targets.semantic_map, num_classes
            )
        if not self.softens_all:
            overlap = overlap * (targets.labels < num_classes)[:, :, None]
        return soften(one_hot, overlap, self.eta)
