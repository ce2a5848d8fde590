"""What the queries of a batch shall predict, after matching.

Letters: B images, Q queries, K classes, H W the mask grid, P = H * W.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from mmremax.utils.constants import VOID

from .segments import count_by_segment, lookup


@dataclass
class MaskTargets:
    """Targets in the order of the queries; none carries a gradient.

    Paper: kMaX-DeepLab's PQ-style loss; docs/design.md, "Targets".

    Attributes:
        query_map: Query whose segment covers a location; VOID for locations
            without a matched segment. (B, P), int64.
        semantic_map: Class of a location, also where its segment found no
            query; VOID where unlabelled. (B, P), int64.
        labels: Class of each query, K (no_object) if unmatched. (B, Q).
        query_class_weight: Dice of the matched pair; for unmatched queries
            their overlap with void. In [eps, 1]. (B, Q).
        query_mask_weight: Class probability of the matched pair in [eps, 1];
            0 for unmatched queries. (B, Q).
        size: (H, W) of the mask grid.
        class_fractions: Fraction of each class in the pixels of a location,
            None where the pipeline packs strided labels alone. (B, K, P).
    """

    query_map: Tensor
    semantic_map: Tensor
    labels: Tensor
    query_class_weight: Tensor
    query_mask_weight: Tensor
    size: tuple[int, int]
    class_fractions: Tensor | None = None

    @property
    def valid(self) -> Tensor:
        """True on locations of a matched segment. (B, P), bool."""
        return self.query_map != VOID

    def query_area(self) -> Tensor:
        """Locations of each query's segment, 0 if unmatched. (B, Q), int64."""
        return count_by_segment(self.query_map, self.labels.shape[1])[:, :-1]

    def inverse_area(self) -> Tensor:
        """P over the area of the location's segment; P on void. (B, P).

        Small segments get large values, so that sampling by it treats
        segments alike.
        """
        area = lookup(self.query_area().float(), self.query_map, 1.0)
        return self.query_map.shape[1] / area


def one_hot_like(labels: Tensor, class_logits: Tensor) -> Tensor:
    """Write labels as rows of 0 and 1, of the logits' width and dtype."""
    one_hot = F.one_hot(labels, class_logits.shape[2])
    return one_hot.to(class_logits.dtype)
