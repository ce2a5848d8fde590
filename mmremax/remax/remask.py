"""ReMask: mask logits relaxed by a semantic prediction (Eq. 1 and 2).

Letters: B images, Q queries, K classes, H W the mask grid, h w the grid of
a semantic prediction, P = H * W.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from mmremax.kmax.layers import aligns_corners, resize_like_kmax
from mmremax.kmax.losses.terms import known_activation
from mmremax.kmax.predictor import LayerPrediction
from mmremax.kmax.targets import MaskTargets, one_hot_like
from mmremax.utils.constants import VOID


def semantic_evidence(semantic_prob: Tensor, class_prob: Tensor) -> Tensor:
    """Eq. 1: m_hat = sigma(m_sem) sigma(p)^T, summed over the K classes.

    From (B, K, P), and (B, Q, K) without no_object, to m_hat, which is not
    negative and not bounded by 1. (B, Q, P).
    """
    return class_prob @ semantic_prob


def relax(
    mask_logits: Tensor,
    m_hat: Tensor,
    gain: float = 1.0,
    identity: bool = True,
) -> Tensor:
    """Eq. 2: m_tilde = m_pan + gain * m_hat * m_pan. (B, Q, H, W) each.

    Args:
        mask_logits: m_pan.
        m_hat: Of Eq. 1; the paper stops its gradient.
        gain: 1 in the paper.
        identity: Keep the first term (Table 5).
    """
    if identity:
        return torch.addcmul(mask_logits, mask_logits, m_hat, value=gain)
    return gain * mask_logits * m_hat


@MODELS.register_module()
class ReMaskLoss(BaseModule):
    """Relax the masks of an output, then apply the mask losses it was given.

    Only outputs that the head marks as relaxed are: in training, and never
    the final one. Void takes part in no equation.

    Paper: ReMaX Sec. 3.1; the arguments are its Tables 2, 5 and 7, and two
    controls that it does not have (`gain`, `source='mean'`).

    Args:
        loss_mask: Config of the loss on each location, for `losses`.
        loss_dice: Config of the dice loss, for `losses`.
        losses: Config of what applies both; None is kMaX's MaskLoss.
        activation: sigma of m_sem in Eq. 1, 'sigmoid' or 'softmax' (over
            classes).
        class_activation: sigma of p in Eq. 1; None is that of m_sem. With
            'softmax' m_hat is at most 1.
        identity: See relax().
        stop_gradient: Let no gradient of these losses reach m_hat.
        source: 'predicted'; 'ground_truth' to replace sigma(m_sem) by the
            binary semantic masks; 'mean' to replace m_hat by its mean over
            an image's queries and locations, which scales and selects
            nothing.
        gain: See relax(); at 0 the semantic branch is trained and relaxes
            nothing.

    Raises:
        ValueError: An activation or `source` is none of the above.
    """

    def __init__(
        self,
        loss_mask: dict,
        loss_dice: dict,
        losses: dict | None = None,
        activation: str = 'sigmoid',
        class_activation: str | None = None,
        identity: bool = True,
        stop_gradient: bool = True,
        source: str = 'predicted',
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        if source not in ('predicted', 'ground_truth', 'mean'):
            raise ValueError(f'ReMaskLoss: source={source!r}.')
        self.losses = MODELS.build(
            dict(
                losses or dict(type='MaskLoss'),
                loss_mask=loss_mask,
                loss_dice=loss_dice,
            )
        )
        self.activation = known_activation(self, activation)
        self.class_activation = known_activation(
            self, class_activation or activation
        )
        self.identity = identity
        self.stop_gradient = stop_gradient
        self.source = source
        self.gain = gain

    def forward(
        self, output: LayerPrediction, targets: MaskTargets
    ) -> dict[str, Tensor]:
        """Relax the output if it is marked; compute the mask losses.

        `mask_logits` are m_pan on the mask grid, `class_logits` p and
        `semantic_logits` m_sem at any stride.

        Raises:
            ValueError: A relaxed output has no semantic prediction.
        """
        if output.is_relaxed:
            m_hat = self.m_hat(output, targets)
            relaxed = relax(
                output.mask_logits, m_hat, self.gain, self.identity
            )
            output = replace(output, mask_logits=relaxed)
        return self.losses(output, targets)

    def m_hat(self, output: LayerPrediction, targets: MaskTargets) -> Tensor:
        """Eq. 1 as this loss has it; 0 on void. (B, Q, H, W)."""
        with torch.no_grad() if self.stop_gradient else nullcontext():
            class_prob = _sigma(output.class_logits, self.class_activation, 2)
            m_hat = semantic_evidence(
                self._semantic_prob(output, targets), class_prob[:, :, :-1]
            )
            if self.source == 'mean':
                m_hat = m_hat.mean((1, 2), keepdim=True).expand_as(m_hat)
            m_hat = m_hat * (targets.semantic_map != VOID)[:, None]
            return m_hat.unflatten(2, targets.size)

    def _semantic_prob(
        self, output: LayerPrediction, targets: MaskTargets
    ) -> Tensor:
        """sigma(m_sem) on the mask grid, or binary masks. (B, K, P)."""
        if self.source == 'ground_truth':
            num_classes = output.class_logits.shape[2] - 1
            index = targets.semantic_map.remainder(num_classes + 1)
            one_hot = one_hot_like(index, output.class_logits)
            return one_hot[:, :, :-1].transpose(1, 2)  # VOID was last
        if output.semantic_logits is None:
            raise ValueError(
                'ReMaskLoss relaxes an output that has no semantic '
                'prediction: add semantic_head=dict(type='
                "'SemanticAuxHead', ...) to panoptic_head, or set "
                "num_relaxed=0 or mask_loss.source='ground_truth'."
            )
        logits = resize_like_kmax(
            output.semantic_logits,
            targets.size,
            aligns_corners(targets.size[0]),
        )
        return _sigma(logits, self.activation, 1).flatten(2)


def _sigma(logits: Tensor, activation: str, classes_dim: int) -> Tensor:
    if activation == 'sigmoid':
        return logits.sigmoid()
    return logits.softmax(classes_dim)
