"""Losses on class fractions: soft cross-entropy and relative entropy.

Paper: Alcover-Couso et al., soft labels (arXiv 2302.13961).

Letters: N images, C classes, h w pixels, i one of all N * h * w; q fractions,
v = sum_c q_c the valid mass, p the prediction, w_c the weight of a class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmremax.utils.constants import IGNORE

from .target import SoftTarget

_NORMALIZERS = ('mass', 'cells', 'all')


@MODELS.register_module()
class SoftCrossEntropyLoss(nn.Module):
    """L = sum_i sum_c -w_c q_c log p_c / normaliser.

    Not 0 for a perfect prediction: the entropy of mixed pixels remains, a
    constant. d L / d z_c = (v p_c - q_c) / normaliser without weights.

    Args:
        class_weight: w_c, one for each class; None is 1.
        normalizer: What the sum is divided by: ``mass``, the batch's sum of
            w_c q_c on this process (published, w = 1); ``cells``, the
            pixels with v > 0; ``all``, every pixel. On hard labels ``mass``
            is mmseg's cross-entropy with avg_non_ignore=True and ``all``
            without.
        loss_name: In the log; it has to contain 'loss'.
    """

    soft_target = True
    """A head hands fractions to losses that have this attribute."""

    def __init__(
        self,
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        normalizer: str = 'mass',
        loss_name: str = 'loss_soft_ce',
    ) -> None:
        super().__init__()
        if normalizer not in _NORMALIZERS:
            raise ValueError(
                f'{type(self).__name__}: normalizer={normalizer!r} is none '
                f'of {", ".join(_NORMALIZERS)}.'
            )
        self.loss_weight = loss_weight
        self.class_weight = class_weight
        self.normalizer = normalizer
        self.loss_name = loss_name

    def forward(
        self,
        logits: Tensor,
        target: SoftTarget | Tensor,
        weight: Tensor | None = None,
        ignore_index: int = IGNORE,
    ) -> Tensor:
        """Compute the loss in float32; 0 if no pixel counts.

        Args:
            logits: (N, C, h, w).
            target: Fractions, or hard labels (N, h, w), integer.
            weight: Has to be None; a pixel sampler would fill it.
        """
        if weight is not None:
            raise ValueError(
                f'{type(self).__name__} takes no weight of pixels: remove '
                'the sampler (OHEM) of the head; it assumes hard labels.'
            )
        if isinstance(target, Tensor):
            target = SoftTarget.of_labels(target, ignore_index)
        log_prob = logits.float().log_softmax(1)
        weights = target.fractions
        if self.class_weight is not None:
            table = log_prob.new_tensor(self.class_weight)
            weights = weights * target.pick(table[None, :, None, None])
        cross_entropy = (-weights * target.pick(log_prob)).sum()
        total = cross_entropy - self.constant(weights, target)
        return self.loss_weight * total / self._divisor(weights, target)

    def constant(self, weights: Tensor, target: SoftTarget) -> Tensor | float:
        """What is subtracted from the sum. weights: w_c q_c."""
        return 0.0

    def _divisor(self, weights: Tensor, target: SoftTarget) -> Tensor:
        mass = target.valid_mass()
        if self.normalizer == 'all':
            divisor = weights.new_tensor(mass.numel())
        else:
            terms = weights if self.normalizer == 'mass' else mass > 0
            divisor = terms.sum()
        return torch.where(divisor > 0, divisor, 1)


@MODELS.register_module()
class SoftKLDivLoss(SoftCrossEntropyLoss):
    """The same without the entropy of the labels, with the same gradient.

    L = sum_i sum_c w_c q_c (log (q_c / v) - log p_c) / normaliser, that is
    v KL(q / v || p) of each pixel: 0 for a perfect prediction. The published
    code has q_c for q_c / v, which is negative in some pixels with v < 1.
    Arguments are those of SoftCrossEntropyLoss.
    """

    def __init__(
        self, *, loss_name: str = 'loss_soft_kl', **kwargs: Any
    ) -> None:
        super().__init__(loss_name=loss_name, **kwargs)

    def constant(self, weights: Tensor, target: SoftTarget) -> Tensor:
        """The entropy of q / v, weighted. weights: w_c q_c."""
        q = target.fractions
        q = q / target.valid_mass()[:, None].clamp(min=1e-6)
        return -torch.special.xlogy(weights, q.clamp(min=1e-12)).sum()
