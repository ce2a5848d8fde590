"""Losses on class fractions: soft cross-entropy and relative entropy.

Paper: Alcover-Couso et al., soft labels (arXiv 2302.13961).

Letters: N images, C classes, K classes of a compact target, h w cells; q
fractions, v = sum_c q_c the valid mass of a cell, p the prediction.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor

from .target import SoftTarget

_NORMALIZERS = ('mass', 'cells', 'all')


class _SoftLabelLoss(BaseModule):
    """What both losses share: the target, the weights, the average.

    They differ by a constant, the entropy of the target: with fixed targets
    their gradients are identical, d L / d z_c = (v p_c - q_c) / sum v.

    Args:
        loss_weight: Factor of the term.
        class_weight: w_c, one for each class; None is 1.
        normalizer: What the sum over cells is divided by: ``mass``, the
            batch's sum of v (of w_c q_c with weights), per process;
            ``cells``, the cells with v > 0; ``all``, every cell. On hard
            labels ``mass`` is mmseg's cross-entropy with
            avg_non_ignore=True and ``all`` without.
        min_valid: Cells with a v below it are dropped.
        loss_name: In the log; it has to contain 'loss'.

    Raises:
        ValueError: `normalizer` is none of these.
    """

    soft_target = True
    """A head hands fractions to losses that have this attribute."""

    def __init__(
        self,
        loss_weight: float,
        class_weight: Sequence[float] | None,
        normalizer: str,
        min_valid: float,
        loss_name: str,
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
        self.min_valid = min_valid
        self.loss_name = loss_name

    def forward(
        self,
        logits: Tensor,
        target: SoftTarget | Tensor | tuple[Tensor, Tensor],
        weight: Tensor | None = None,
        ignore_index: int = 255,
        avg_factor: float | None = None,
    ) -> Tensor:
        """Compute the loss in float32.

        Args:
            logits: (N, C, h, w).
            target: Fractions: a SoftTarget, q itself (N, C, h, w) in
                [0, 1], or a pair of ids and fractions, (N, K, h, w) each,
                ids of C and more unused. Or hard labels (N, h, w), integer.
            weight: Has to be None; a pixel sampler would fill it.
            ignore_index: Of hard labels.
            avg_factor: Not used: `normalizer` says what to divide by.

        Returns:
            Scalar; 0 with a gradient of 0 if no cell counts.

        Raises:
            ValueError: There is a `weight`, or the shapes disagree.
        """
        if weight is not None:
            raise ValueError(
                f'{type(self).__name__} takes no weight of pixels: remove '
                'the sampler (OHEM) of the head; it assumes hard labels.'
            )
        target = _as_target(logits, target, ignore_index)
        log_prob = logits.float().log_softmax(1)
        kept = target.valid_mass() >= max(self.min_valid, 1e-6)
        weights = target.fractions * kept[:, None]
        if self.class_weight is not None:
            table = log_prob.new_tensor(self.class_weight)
            weights = weights * target.pick(table[None, :, None, None])
        terms = -weights * target.pick(log_prob)
        total = terms.sum() - self._entropy(weights, target)
        return self.loss_weight * total / self._divisor(weights, kept)

    def _entropy(self, weights: Tensor, target: SoftTarget) -> Tensor | float:
        """What is constant for a target, summed over cells."""
        raise NotImplementedError

    def _divisor(self, weights: Tensor, kept: Tensor) -> Tensor:
        if self.normalizer == 'mass':
            divisor = weights.sum()
        elif self.normalizer == 'cells':
            divisor = kept.sum()
        else:
            divisor = weights.new_tensor(kept.numel())
        return torch.where(divisor > 0, divisor, 1)


@MODELS.register_module()
class SoftCrossEntropyLoss(_SoftLabelLoss):
    """L = sum_i sum_c -w_c q_c log p_c / normaliser.

    Not 0 for a perfect prediction: what remains is the entropy of mixed
    cells. SoftKLDivLoss logs the same curve without it.

    Args:
        loss_weight: Factor of the term.
        class_weight: See above.
        normalizer: ``mass``, ``cells`` or ``all``; see above.
        min_valid: Cells with a valid mass below it are dropped.
        loss_name: In the log.
    """

    def __init__(
        self,
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        normalizer: str = 'mass',
        min_valid: float = 0.0,
        loss_name: str = 'loss_soft_ce',
    ) -> None:
        super().__init__(
            loss_weight, class_weight, normalizer, min_valid, loss_name
        )

    def _entropy(self, weights: Tensor, target: SoftTarget) -> float:
        return 0.0


@MODELS.register_module()
class SoftKLDivLoss(_SoftLabelLoss):
    """L = sum_i sum_c w_c q_c (log q_c - log p_c) / normaliser.

    Args:
        mode: ``valid_weighted`` is v KL(q / v || p) for each cell, never
            negative; ``subnormalised`` is the formula above, which is
            negative in some cells with v < 1 (the published code). Both
            have one gradient, that of SoftCrossEntropyLoss.
        loss_weight: Factor of the term.
        class_weight: See above.
        normalizer: ``mass``, ``cells`` or ``all``; see above.
        min_valid: Cells with a valid mass below it are dropped.
        loss_name: In the log.

    Raises:
        ValueError: `mode` is neither.
    """

    def __init__(
        self,
        mode: str = 'valid_weighted',
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        normalizer: str = 'mass',
        min_valid: float = 0.0,
        loss_name: str = 'loss_soft_kl',
    ) -> None:
        super().__init__(
            loss_weight, class_weight, normalizer, min_valid, loss_name
        )
        if mode not in ('valid_weighted', 'subnormalised'):
            raise ValueError(
                f"SoftKLDivLoss: mode={mode!r} is neither 'valid_weighted' "
                "nor 'subnormalised'."
            )
        self.mode = mode

    def _entropy(self, weights: Tensor, target: SoftTarget) -> Tensor:
        q = target.fractions
        if self.mode == 'valid_weighted':
            q = q / target.valid_mass()[:, None].clamp(min=1e-6)
        return -torch.special.xlogy(weights, q.clamp(min=1e-12)).sum()


def _as_target(
    logits: Tensor,
    target: SoftTarget | Tensor | tuple[Tensor, Tensor],
    ignore_index: int,
) -> SoftTarget:
    """Wrap what forward() accepts; refuse what does not fit."""
    if isinstance(target, tuple):
        ids, fractions = target
        target = SoftTarget(fractions.float(), ids.long())
    elif isinstance(target, Tensor) and target.is_floating_point():
        if target.shape != logits.shape:
            raise ValueError(
                f'Fractions {tuple(target.shape)} do not fit the logits '
                f'{tuple(logits.shape)}.'
            )
        target = SoftTarget(target.float())
    elif isinstance(target, Tensor):
        target = SoftTarget.of_labels(target, ignore_index)
    if target.size != tuple(logits.shape[2:]):
        raise ValueError(
            f'The target has {target.size} cells, the logits '
            f'{tuple(logits.shape[2:])}: resize one first, as the Soft... '
            'heads do.'
        )
    return target
