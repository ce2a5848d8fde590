"""One-to-one matching of queries and segments by dice times class score.

Letters: B images, Q queries, K classes, G segments, H W the mask grid,
P = H * W.
"""

from __future__ import annotations

import numpy as np
import torch
from mmdet.registry import TASK_UTILS
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from mmremax.utils.constants import VOID

from .predictor import LayerPrediction
from .segments import BatchSegments, count_by_segment, lookup, sum_by_segment
from .targets import MaskTargets, one_hot_like


@TASK_UTILS.register_module()
class KMaXAssigner:
    """Match queries to segments and build what each query shall predict.

    The similarity of query n and segment j is S_nj * D_nj: class
    probability times dice, both after the softmax. Hungarian matching
    maximises its sum; min(Q, G) pairs result.

    Paper: kMaX-DeepLab (after MaX-DeepLab), PQ-style similarity.

    Args:
        eps: Lower clamp of the weights, so that no term is exactly 0
            (terms that are 0 leave the loss's denominator).
    """

    def __init__(self, eps: float = 1e-5) -> None:
        self.eps = eps

    @torch.no_grad()
    def assign(
        self,
        output: LayerPrediction,
        segments: BatchSegments,
    ) -> MaskTargets:
        """Match one output of the decoder, by its un-relaxed mask logits.

        The cost goes to the host in one copy. A non-finite similarity
        counts as 0, so that the loss (and the guard that watches it)
        speaks instead of the solver.

        Returns:
            Targets in query order, on the grid of the mask logits.
        """
        class_logits, mask_logits = output.class_logits, output.mask_logits
        num_queries = mask_logits.shape[1]
        num_segments = segments.max_segments
        segment_map = segments.segment_map.flatten(1)
        mask_sum = sum_by_segment(
            mask_logits.flatten(2).softmax(1), segment_map, num_segments
        )
        area = count_by_segment(segment_map, num_segments)[:, None, :-1]
        dice = dice_of_sums(mask_sum, area)
        labels = segments.padded_labels()
        class_prob = class_logits.softmax(2)
        label_score = class_prob.gather(
            2, labels.clamp(min=0)[:, None].expand(-1, num_queries, -1)
        )  # (B, Q, G)
        similarity = torch.nan_to_num(dice * label_score, 0.0, 0.0, 0.0)
        query_of = self._match(similarity, segments)  # (B, G)

        matched = query_of != VOID
        # Column Q takes what padding and unmatched segments scatter.
        slot = query_of.remainder(num_queries + 1)
        index = torch.arange(num_segments, device=slot.device)
        segment_of = slot.new_full((len(slot), num_queries + 1), VOID)
        segment_of.scatter_(1, slot, index.expand_as(slot))
        segment_of = segment_of[:, :num_queries]
        is_matched = segment_of != VOID
        pair = segment_of.clamp(min=0)[:, :, None]

        void_overlap = _void_overlap(mask_sum, matched)
        if num_segments:
            pair_dice = dice.gather(2, pair).squeeze(2)
            pair_score = label_score.gather(2, pair).squeeze(2)
        else:
            pair_dice = pair_score = torch.zeros_like(void_overlap)
        class_weight = torch.where(is_matched, pair_dice, void_overlap)
        mask_weight = pair_score.clamp(min=self.eps) * is_matched
        return MaskTargets(
            query_map=lookup(query_of, segment_map, VOID),
            semantic_map=segments.semantic_map().flatten(1),
            labels=lookup(labels, segment_of, class_logits.shape[2] - 1),
            query_class_weight=class_weight.clamp(min=self.eps),
            query_mask_weight=mask_weight,
            size=tuple(mask_logits.shape[-2:]),
            class_fractions=segments.class_fractions(
                class_logits.shape[2] - 1
            ),
        )

    def class_targets(
        self, output: LayerPrediction, targets: MaskTargets
    ) -> Tensor:
        """Targets of the class loss: one-hot. (B, Q, K + 1)."""
        return one_hot_like(targets.labels, output.class_logits)

    @staticmethod
    def _match(similarity: Tensor, segments: BatchSegments) -> Tensor:
        """Query of each segment, VOID if it found none. (B, G), int64."""
        query_of = np.full(
            (len(similarity), similarity.shape[2]), VOID, np.int64
        )
        costs = -similarity.cpu().double().numpy()
        for row, cost, labels in zip(
            query_of, costs, segments.labels, strict=True
        ):
            queries, matched = linear_sum_assignment(cost[:, : len(labels)])
            row[matched] = queries
        return torch.from_numpy(query_of).to(similarity.device)


def dice_of_sums(mask_sum: Tensor, area: Tensor) -> Tensor:
    """Dice of every query with every segment from sums over segments.

    D_nj = I_nj / ((sum_p prob_n + area_j) / 2 + 1e-5), the sum over locations
    with ground truth only. The sums have the locations without ground truth
    last, (B, Q, G + 1); areas count locations, (B, 1, G).

    Returns:
        In [0, 1]. (B, Q, G).
    """
    inside = mask_sum[:, :, :-1]
    predicted = inside.sum(2, keepdim=True)
    return inside / ((predicted + area) / 2 + 1e-5)


def _void_overlap(mask_sum: Tensor, matched: Tensor) -> Tensor:
    """Fraction of a query's mask on unmatched locations. (B, Q)."""
    on_void = (mask_sum[:, :, :-1] * ~matched[:, None]).sum(2)
    on_void = on_void + mask_sum[:, :, -1]
    return on_void / (mask_sum.sum(2) + 1e-5)
