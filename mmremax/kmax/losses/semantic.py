"""Cross-entropy of a semantic prediction on sampled locations.

Letters: B images, K classes, S sampled locations, H W the mask grid, h w the
grid of a prediction.
"""

from __future__ import annotations

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor
from torch.nn import functional as F

from mmremax.kmax.class_fractions import is_soft, require_fractions
from mmremax.kmax.targets import MaskTargets
from mmremax.utils.constants import VOID

from .pixel_sampler import gather_locations, sample_locations
from .terms import known_activation, mean_over


@MODELS.register_module()
class SemanticLoss(BaseModule):
    """Cross-entropy on locations drawn so that small segments count.

    Paper: kMaX-DeepLab, auxiliary semantic loss; ReMaX, L_sem.

    Args:
        num_samples: Locations drawn from each image, at most all; 0 is all.
        sample_temperature: See sample_locations.
        activation: 'softmax' is the published cross-entropy over classes;
            'sigmoid' sums a binary one over classes.
        semantic_target: ``strided`` (published): the class of the pixel a
            location starts with; or ``soft``: the fraction of each class in
            the pixels of a location.
        normalizer: What a soft image's sum is divided by: ``cells``, the
            locations with a labelled pixel, or their ``mass``, the labelled
            fractions.
    """

    def __init__(
        self,
        num_samples: int = 4096,
        sample_temperature: float = 2.0,
        activation: str = 'softmax',
        loss_weight: float = 1.0,
        semantic_target: str = 'strided',
        normalizer: str = 'cells',
    ) -> None:
        super().__init__()
        self.num_samples = num_samples
        self.sample_temperature = sample_temperature
        self.activation = known_activation(self, activation)
        self.loss_weight = loss_weight
        self.is_soft = is_soft(semantic_target, 'SemanticLoss')
        if normalizer not in ('cells', 'mass'):
            raise ValueError(f'SemanticLoss: normalizer={normalizer!r}.')
        self.normalizer = normalizer

    def forward(
        self,
        semantic_logits: Tensor,
        targets: MaskTargets,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Compute the loss at the grid of the logits. Scalar.

        Logits are of the K classes and, where the head has one, void last.
        Their grid is the mask grid, or coarser by a whole stride: labels are
        every n-th of the mask grid, from the first. (B, K or K + 1, h, w).

        Raises:
            ValueError: The grids do not agree by one whole stride.
        """
        size = tuple(semantic_logits.shape[-2:])
        stride = _whole_stride(targets.size, size)
        return self._loss(semantic_logits, targets, size, stride, generator)

    def on_mask_grid(
        self,
        semantic_logits: Tensor,
        targets: MaskTargets,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Compute the loss of logits (B, K, h, w) resized to the mask grid."""
        return self._loss(semantic_logits, targets, targets.size, 1, generator)

    def _loss(
        self,
        semantic_logits: Tensor,
        targets: MaskTargets,
        size: tuple[int, int],
        stride: int,
        generator: torch.Generator | None,
    ) -> Tensor:
        """Sample the grid `size`, every `stride`-th location of the masks'."""
        semantic_map, valid, inverse_area = (
            values.unflatten(1, targets.size)[:, ::stride, ::stride].flatten(1)
            for values in (
                targets.semantic_map,
                targets.valid,
                targets.inverse_area(),
            )
        )
        locations = sample_locations(
            inverse_area,
            valid,
            self.num_samples,
            self.sample_temperature,
            generator,
        )
        logits = gather_locations(semantic_logits, locations, size)
        if not self.is_soft:
            return self.loss_at(logits, semantic_map.gather(1, locations))
        fractions = require_fractions(targets.class_fractions, 'SemanticLoss')
        fractions = fractions.unflatten(2, targets.size)[
            ..., ::stride, ::stride
        ]
        index = locations[:, None].expand(-1, fractions.shape[1], -1)
        return self.soft_loss_at(logits, fractions.flatten(2).gather(2, index))

    def loss_at(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Average the cross-entropy of logits (B, K, S) with labels (B, S).

        Locations labelled VOID do not count.
        """
        valid = labels != VOID
        index = labels.clamp(min=0)
        if self.activation == 'softmax':
            terms = F.cross_entropy(logits, index, reduction='none')
        else:
            own = logits.gather(1, index[:, None]).squeeze(1)
            terms = F.softplus(logits).sum(1) - own
        return self.loss_weight * mean_over(terms, valid)

    def soft_loss_at(self, logits: Tensor, fractions: Tensor) -> Tensor:
        """Average the cross-entropy with fractions of classes. Scalar.

        Per image sum_i sum_c -q_c log p_c / normaliser; then the mean over
        images, 0 for those without ground truth. The logits are of the K
        classes and maybe void, (B, K or K + 1, S); the fractions q sum to the
        labelled fraction v, (B, K, S).
        """
        num_classes = fractions.shape[1]
        valid = fractions.sum(1)
        if self.activation == 'softmax':
            log_prob = logits.log_softmax(1)[:, :num_classes]
            terms = -(fractions * log_prob).sum(1)
        else:
            own = (fractions * logits[:, :num_classes]).sum(1)
            terms = valid * F.softplus(logits).sum(1) - own
        mass = valid if self.normalizer == 'mass' else (valid > 0).float()
        divisor = mass.sum(1)
        divisor = torch.where(divisor > 0, divisor, 1)
        return self.loss_weight * (terms.sum(1) / divisor).mean()


def _whole_stride(fine: tuple[int, int], coarse: tuple[int, int]) -> int:
    """Return n so that every n-th location of one grid gives the other."""
    stride = max((fine[1] - 1) // max(coarse[1] - 1, 1), 1)
    if tuple(-(-side // stride) for side in fine) != tuple(coarse):
        raise ValueError(
            f'Semantic logits of {tuple(coarse)} are no whole stride of the '
            f'mask grid {tuple(fine)}.'
        )
    return stride
