"""ReMask: mask logits relaxed by a semantic prediction, before the loss.

Letters: B images, Q queries, K classes, H W the mask grid, h w the grid of
a semantic prediction, P = H * W.
"""

from __future__ import annotations

from contextlib import nullcontext

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmremax.kmax.losses.mask_loss import (
    MaskLoss,
    diagnostic_cells,
)
from mmremax.kmax.resize import (
    is_odd,
    resize_like_kmax,
)
from mmremax.kmax.targets import MaskTargets
from mmremax.utils.constants import VOID


@MODELS.register_module()
class ReMaskLoss(BaseModule):
    """Relax the masks of the first stages, then apply both mask losses.

    Eq. 1: m_hat = sigma(m_sem) sigma(p)^T, summed over the K real classes.
    Eq. 2: m_tilde = m_pan + gain * stopgrad(m_hat) * m_pan.

    Paper: ReMaX Sec. 3.1; the arguments are its Tables 2, 3, 5 and 7, and
    two controls that it does not have (`gain`, `source='mean'`).

    A head with mask losses of its own (ReMaXMask2FormerMixin) leaves both
    losses out, and calls `m_hat` and `scale`.

    Args:
        loss_mask: Config of the mask-id loss.
        loss_dice: Config of the dice loss.
        num_stages: Relaxed outputs, counted from the first layer; the
            final output never is.
        activation: sigma of m_sem in Eq. 1, 'sigmoid' or 'softmax' (over
            classes).
        class_activation: sigma of p in Eq. 1; None is that of m_sem. With
            'softmax' m_hat is at most 1.
        identity: Keep the first term of Eq. 2.
        stop_gradient: Let no gradient of these losses reach m_hat.
        source: 'predicted'; 'ground_truth' to replace sigma(m_sem) by the
            binary semantic masks; 'mean' to replace m_hat by its mean over
            an image's queries and cells, which scales and selects nothing.
        gain: Strength of Eq. 2, 1 in the paper; at 0 the semantic branch
            is trained and relaxes nothing.

    Raises:
        ValueError: An activation or `source` is none of the above, or
            one of the two losses is missing.
    """

    def __init__(
        self,
        loss_mask: dict | None = None,
        loss_dice: dict | None = None,
        num_stages: int = 4,
        activation: str = 'sigmoid',
        class_activation: str | None = None,
        identity: bool = True,
        stop_gradient: bool = True,
        source: str = 'predicted',
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        class_activation = class_activation or activation
        for sigma in (activation, class_activation):
            if sigma not in ('sigmoid', 'softmax'):
                raise ValueError(f'ReMaskLoss: activation={sigma!r}.')
        if source not in ('predicted', 'ground_truth', 'mean'):
            raise ValueError(f'ReMaskLoss: source={source!r}.')
        if (loss_mask is None) != (loss_dice is None):
            raise ValueError('ReMaskLoss: give loss_mask and loss_dice both.')
        self.losses = loss_mask and MaskLoss(loss_mask, loss_dice)
        self.num_stages = num_stages
        self.activation = activation
        self.class_activation = class_activation
        self.identity = identity
        self.stop_gradient = stop_gradient
        self.source = source
        self.gain = gain

    @property
    def num_semantic_stages(self) -> int:
        """Stages that ask for semantic logits."""
        return 0 if self.source == 'ground_truth' else self.num_stages

    def forward(
        self,
        mask_logits: Tensor,
        class_logits: Tensor,
        targets: MaskTargets,
        stage: int | None,
        semantic_logits: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Relax where the stage asks for it; compute both losses.

        Args:
            mask_logits: m_pan, logits over queries. (B, Q, H, W).
            class_logits: p, logits, no_object last. (B, Q, K + 1).
            targets: Targets of the queries.
            stage: Index of the layer; None for the final output, which is
                never relaxed.
            semantic_logits: m_sem of the stage, at any stride; None with
                `source='ground_truth'`. (B, K, h, w).

        Returns:
            Scalars of MaskLoss and, for relaxed stages, the mean of m_hat:
            `m_hat_mean` over all queries, `m_hat_matched` and
            `m_hat_unmatched` of matched queries on cells of their class
            and off them.
        """
        if stage is None or stage >= self.num_stages:
            return self.losses(mask_logits, class_logits, targets, stage)
        m_hat = self.m_hat(
            class_logits, targets.semantic_map, targets.size, semantic_logits
        )
        relaxed = self.scale(mask_logits, m_hat)
        terms = self.losses(relaxed, class_logits, targets, stage)
        matched = targets.query_area() > 0
        diagnostics = m_hat_means(
            m_hat, targets.semantic_map, targets.labels, matched
        )
        return {**terms, **diagnostics}

    def m_hat(
        self,
        class_logits: Tensor,
        semantic_map: Tensor,
        size: tuple[int, int],
        semantic_logits: Tensor | None = None,
    ) -> Tensor:
        """Eq. 1, from what `source` names.

        Args:
            class_logits: p, no_object last. (B, Q, K + 1).
            semantic_map: Class of each cell, or VOID. (B, P), int64.
            size: (H, W) of the mask grid.
            semantic_logits: m_sem, at any stride; not read with
                `source='ground_truth'`. (B, K, h, w).

        Returns:
            Not negative; not bounded by 1. (B, Q, H, W).
        """
        if self.source == 'ground_truth':
            semantic_prob = _semantic_masks(semantic_map, size, class_logits)
        else:
            semantic_prob = self._semantic_prob(semantic_logits, size)
        return self._m_hat(semantic_prob, class_logits)

    def scale(self, mask_logits: Tensor, m_hat: Tensor) -> Tensor:
        """Eq. 2, from m_pan and m_hat to m_tilde. (B, Q, H, W)."""
        if self.identity:
            return torch.addcmul(
                mask_logits, mask_logits, m_hat, value=self.gain
            )
        return self.gain * mask_logits * m_hat

    def relax(
        self,
        mask_logits: Tensor,
        class_logits: Tensor,
        semantic_logits: Tensor,
    ) -> Tensor:
        """Relax mask logits by Eq. 1-2.

        Args:
            mask_logits: m_pan. (B, Q, H, W).
            class_logits: p, no_object last. (B, Q, K + 1).
            semantic_logits: m_sem, at any stride. (B, K, h, w).

        Returns:
            m_tilde. (B, Q, H, W).
        """
        semantic_prob = self._semantic_prob(
            semantic_logits, mask_logits.shape[-2:]
        )
        return self.scale(
            mask_logits, self._m_hat(semantic_prob, class_logits)
        )

    def _semantic_prob(
        self, semantic_logits: Tensor, size: tuple[int, int]
    ) -> Tensor:
        """Resize m_sem to the mask grid; apply sigma. (B, K, H, W)."""
        with self._gradient():
            resized = resize_like_kmax(semantic_logits, size, is_odd(size[0]))
            if self.activation == 'sigmoid':
                return resized.sigmoid()
            return resized.softmax(1)

    def _m_hat(self, semantic_prob: Tensor, class_logits: Tensor) -> Tensor:
        """Eq. 1, without the no_object class. (B, Q, H, W)."""
        with self._gradient():
            if self.class_activation == 'sigmoid':
                class_prob = class_logits.sigmoid()
            else:
                class_prob = class_logits.softmax(2)
            m_hat = class_prob[:, :, :-1] @ semantic_prob.flatten(2)
            if self.source == 'mean':
                m_hat = m_hat.mean((1, 2), keepdim=True).expand_as(m_hat)
            return m_hat.unflatten(2, semantic_prob.shape[-2:])

    def _gradient(self) -> torch.no_grad | nullcontext:
        return torch.no_grad() if self.stop_gradient else nullcontext()


def _semantic_masks(
    semantic_map: Tensor, size: tuple[int, int], class_logits: Tensor
) -> Tensor:
    """Binary semantic masks S; void belongs to none. (B, K, H, W)."""
    num_classes = class_logits.shape[2] - 1
    index = semantic_map.remainder(num_classes + 1)
    one_hot = F.one_hot(index, num_classes + 1)[:, :, :-1]
    one_hot = one_hot.transpose(1, 2).to(class_logits.dtype)  # (B, K, P)
    return one_hot.unflatten(2, size)


@torch.no_grad()
def m_hat_means(
    m_hat: Tensor, semantic_map: Tensor, labels: Tensor, matched: Tensor
) -> dict[str, Tensor]:
    """Average m_hat over the cells that have ground truth.

    Args:
        m_hat: (B, Q, H, W).
        semantic_map: Class of each cell, or VOID. (B, P), int64.
        labels: Class of each query. (B, Q), int64.
        matched: Queries with a segment. (B, Q), bool.

    Returns:
        Scalars: `m_hat_mean` over all queries given, `m_hat_matched` and
        `m_hat_unmatched` of matched ones on cells of their class and off
        them.
    """
    m_hat = m_hat.flatten(2)
    cells = diagnostic_cells(m_hat.shape[2])
    m_hat = m_hat[:, :, cells]  # (B, Q, S)
    semantic_map = semantic_map[:, None, cells]
    known = (semantic_map != VOID).expand_as(m_hat)
    matched = matched[:, :, None] & known
    same = matched & (semantic_map == labels[:, :, None])
    return dict(
        m_hat_mean=_masked_mean(m_hat, known),
        m_hat_matched=_masked_mean(m_hat, same),
        m_hat_unmatched=_masked_mean(m_hat, matched & ~same),
    )


def _masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1)
