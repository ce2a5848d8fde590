"""Pixel contrast: features of one segment attract, of others repel.

Letters: B images, Q queries, D channels, S sampled cells, H W the mask
grid, h w the grid of a feature.
"""

from __future__ import annotations

from typing import Any

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mmremax.structures import VOID, MaskTargets

from .pixel_sampler import gather_cells, sample_cells
from .reduction import mean_over_nonzero

_CHUNK_ENTRIES = 1 << 23  # entries of the similarity matrix at a time


@MODELS.register_module()
class InstanceDiscriminationLoss(BaseModule):
    """Contrast of sampled cells, each against all others.

    With z_ij = <f_i, f_j> / tau and T the indicator of one segment,
    x_j = -sum_i T_ij log softmax_i(z_ij) / sum_i T_ij
        = logsumexp_i z_ij - <mean of f over j's segment, f_j> / tau,
    0 for void cells, averaged over x_j != 0.

    Paper: kMaX-DeepLab (after MaX-DeepLab), instance discrimination.

    Args:
        num_samples: Cells drawn from each image, at most all; 0 is all.
        sample_temperature: See sample_cells.
        temperature: tau.
        loss_weight: Factor of the term.
    """

    def __init__(
        self,
        num_samples: int = 4096,
        sample_temperature: float = 1.5,
        temperature: float = 0.3,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        self.num_samples = num_samples
        self.sample_temperature = sample_temperature
        self.temperature = temperature
        self.loss_weight = loss_weight

    def forward(
        self,
        pixel_feature: Tensor,
        targets: MaskTargets,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Compute the loss on a fresh sample.

        Args:
            pixel_feature: Unit length over channels, at any stride.
                (B, D, h, w).
            targets: Query of each cell.
            generator: Random state of the sample.

        Returns:
            Scalar.
        """
        cells = sample_cells(
            targets.inverse_area(),
            targets.valid,
            self.num_samples,
            self.sample_temperature,
            generator,
        )
        feature = gather_cells(pixel_feature, cells, targets.size)
        feature = feature.transpose(1, 2).contiguous()  # (B, S, D)
        query = targets.query_map.gather(1, cells)
        valid = query != VOID
        log_sum = _LogSumSimilarity.apply(feature, valid, self.temperature)
        own = _segment_mean(feature, query, targets.labels.shape[1])
        similarity = (own * feature).sum(2) / self.temperature
        terms = (log_sum - similarity) * valid
        return self.loss_weight * mean_over_nonzero(terms)


def _segment_mean(feature: Tensor, query: Tensor, num_queries: int) -> Tensor:
    """Mean feature of each cell's segment among the sample. (B, S, D)."""
    index = query.remainder(num_queries + 1)[:, :, None]  # VOID goes last
    index = index.expand_as(feature)
    total = feature.new_zeros(
        len(feature), num_queries + 1, feature.shape[2]
    ).scatter_add(1, index, feature)
    count = torch.zeros_like(total[:, :, :1]).scatter_add(
        1, index[:, :, :1], torch.ones_like(feature[:, :, :1])
    )
    return (total / count.clamp(min=1)).gather(1, index)


class _LogSumSimilarity(Function):
    """logsumexp_i <f_i, f_j> / tau for every j, in chunks of rows.

    The matrix exp(z) is symmetric, so one pass over its rows gives the
    sums and, row by row, both halves of the gradient; nothing of size
    S x S is kept. |z| <= 1 / tau for unit features: no maximum is needed.

    The gradient is prepared for the weights `valid / number of valid
    cells` of an image, which is what the mean over non-zero terms hands
    back up to one factor per image; backward() restores that factor.
    """

    @staticmethod
    def forward(
        ctx: Any, feature: Tensor, valid: Tensor, temperature: float
    ) -> Tensor:
        images, cells, _ = feature.shape
        scaled = feature / temperature
        log_sum = torch.empty_like(feature[:, :, 0])
        needs_grad = ctx.needs_input_grad[0]
        grad = torch.zeros_like(feature) if needs_grad else None
        step = max(1, _CHUNK_ENTRIES // (images * cells))
        for start in range(0, cells, step):
            rows = slice(start, start + step)
            similarity = scaled[:, rows] @ feature.transpose(1, 2)
            similarity.exp_()  # (B, rows, S)
            total = similarity.sum(2)
            log_sum[:, rows] = total.log()
            if needs_grad:
                weight = (valid[:, rows] / total)[:, :, None]
                grad[:, rows] += weight * (similarity @ feature)
                grad.baddbmm_(
                    similarity.transpose(1, 2), weight * feature[:, rows]
                )
        if needs_grad:
            ctx.save_for_backward(grad.div_(temperature), valid)
        return log_sum

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_log_sum: Tensor) -> tuple[Tensor, None, None]:
        grad, valid = ctx.saved_tensors
        # One factor per image: the loss weighs its valid cells alike.
        count = valid.sum(1).clamp(min=1)
        factor = (grad_log_sum * valid).sum(1) / count
        return grad * factor[:, None, None], None, None
