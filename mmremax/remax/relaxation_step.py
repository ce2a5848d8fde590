"""ReMask and ReClass on the matched queries of one batch.

Letters: B images, Q queries, G the largest number of matched queries of an
image, K classes, H W the mask grid, h w another, P = H * W.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from mmremax.kmax.norm import at_least_float32
from mmremax.utils.constants import VOID

from .reclass import ReClassAssigner
from .remask import (
    ReMaskLoss,
    m_hat_means,
)


@dataclass
class MatchedQueries:
    """Predictions of the matched queries, in the order of the queries.

    Rows of images with fewer than G matched queries are filled up with
    unmatched ones. Everything is at least float32.

    Attributes:
        mask_logits: Un-relaxed. (B, G, H, W).
        class_logits: no_object last. (B, G, K + 1).
        labels: Class of the segment, K in a filling row. (B, G), int64.
        is_matched: False in a filling row. (B, G), bool.
    """

    mask_logits: Tensor
    class_logits: Tensor
    labels: Tensor
    is_matched: Tensor

    @classmethod
    def of(
        cls,
        mask_logits: Tensor,
        class_logits: Tensor,
        labels: Tensor,
        is_matched: Tensor,
        num_rows: int,
    ) -> MatchedQueries:
        """Pick them out of all queries.

        Args:
            mask_logits: (B, Q, H, W).
            class_logits: (B, Q, K + 1).
            labels: (B, Q), int64.
            is_matched: (B, Q), bool.
            num_rows: G.
        """
        order = is_matched.int().argsort(dim=1, descending=True, stable=True)
        queries = order[:, :num_rows]
        return cls(
            at_least_float32(_rows(mask_logits, queries)),
            at_least_float32(_rows(class_logits, queries)),
            _rows(labels, queries),
            _rows(is_matched, queries),
        )


@dataclass
class RelaxationStep:
    """What the losses of one batch share; lives as long as they do.

    Attributes:
        remask: Eq. 1-2.
        reclass: Eq. 3-4.
        semantic_map: Class of each cell; VOID takes part in no equation.
            (B, P), int64.
        semantic_logits: m_sem by relaxed output. (B, K, h, w) each.
        index: Output whose losses come next.
        targets: Matching that the parent shall use next, if not None.
        diagnostics: Means of m_hat, by name.
    """

    remask: ReMaskLoss
    reclass: ReClassAssigner
    semantic_map: Tensor
    semantic_logits: dict[int, Tensor]
    index: int = 0
    targets: tuple | None = None
    diagnostics: dict[str, Tensor] = field(default_factory=dict)

    def relaxed_masks(self, index: int, queries: MatchedQueries) -> Tensor:
        """Eq. 1-2 on every cell; logs m_hat on the class and off it.

        Args:
            index: Of the output.
            queries: Its matched queries.

        Returns:
            m_tilde; m_hat is 0 on void. (B, G, H, W).
        """
        size = tuple(queries.mask_logits.shape[-2:])
        m_hat = self.remask.m_hat(
            queries.class_logits,
            self.semantic_map,
            size,
            self.semantic_logits.get(index),
        )
        known = (self.semantic_map != VOID).unflatten(1, size)
        m_hat = m_hat * known[:, None]
        means = m_hat_means(
            m_hat, self.semantic_map, queries.labels, queries.is_matched
        )
        for name in ('m_hat_matched', 'm_hat_unmatched'):
            self.diagnostics[f'd{index}.{name}'] = means[name]
        return self.remask.scale(queries.mask_logits, m_hat)

    def added_class_weights(self, queries: MatchedQueries) -> Tensor:
        """What Eq. 4 adds to the one-hot targets.

        Args:
            queries: Matched queries of an output.

        Returns:
            eta * y_m of the other classes, in [0, 1]; 0 on the label and in
            filling rows. (B, G, K + 1).
        """
        weights = self.reclass.class_targets(
            queries.labels,
            queries.mask_logits,
            self.semantic_map,
            queries.class_logits.shape[2] - 1,
        )
        return weights.scatter(2, queries.labels[:, :, None], 0)


def _rows(values: Tensor, index: Tensor) -> Tensor:
    """Pick rows of axis 1 for each image. (B, Q, ...) to (B, G, ...)."""
    shape = values.shape[2:]
    index = index.reshape(*index.shape, *[1] * len(shape))
    return torch.gather(values, 1, index.expand(-1, -1, *shape))
