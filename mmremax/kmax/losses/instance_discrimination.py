"""Pixel contrast: features of one segment attract, of others repel.

Letters: B images, Q queries, D channels, S sampled locations, H W the mask
grid, h w the grid of a feature.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mmremax.kmax.targets import MaskTargets
from mmremax.utils.constants import VOID

from .pixel_sampler import gather_locations, sample_locations
from .terms import mean_over

# Sides of the blocks of the similarity matrix: on a CPU they stay in its
# caches, elsewhere few products are best.
_CPU_BLOCK, _BLOCK = 384, 4096


@MODELS.register_module()
class InstanceDiscriminationLoss(BaseModule):
    """Contrast of sampled locations, each against all others.

    With z_ij = <f_i, f_j> / tau and T the indicator of one segment,
    x_j = -sum_i T_ij log softmax_i(z_ij) / sum_i T_ij
        = logsumexp_i z_ij - <mean of f over j's segment, f_j> / tau,
    averaged over the locations that are not void.

    Paper: kMaX-DeepLab (after MaX-DeepLab), instance discrimination.

    Args:
        num_samples: Locations drawn from each image, at most all; 0 is all.
        sample_temperature: See sample_locations.
        temperature: tau.
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
        """Compute the loss on a fresh sample. Scalar.

        The feature has unit length over channels, at any stride, (B, D, h, w).
        """
        locations = sample_locations(
            targets.inverse_area(),
            targets.valid,
            self.num_samples,
            self.sample_temperature,
            generator,
        )
        feature = gather_locations(pixel_feature, locations, targets.size)
        feature = feature.transpose(1, 2).contiguous()  # (B, S, D)
        query = targets.query_map.gather(1, locations)
        valid = query != VOID
        log_sum = _LogSumSimilarity.apply(feature, valid, self.temperature)
        own = _segment_mean(feature, query, targets.labels.shape[1])
        similarity = (own * feature).sum(2) / self.temperature
        return self.loss_weight * mean_over(log_sum - similarity, valid)


def _segment_mean(feature: Tensor, query: Tensor, num_queries: int) -> Tensor:
    """Mean feature of each location's segment among the sample. (B, S, D)."""
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
    """logsumexp_i <f_i, f_j> / tau for every j, image by image.

    The matrix e_ij = exp(z_ij) is symmetric: blocks on and above its
    diagonal are made, and kept for one image alone until its gradient is
    made of them. |z| <= 1 / tau for unit features: no maximum is needed.

    The gradient of sum_j w_j ln t_j, t_j = sum_i e_ij, with respect to f_i
    is sum_j e_ij (w_i / t_i + w_j / t_j) f_j / tau. It is prepared for
    w_j = 1 on valid locations; the mean weighs an image's valid
    locations alike, and backward() multiplies by that factor.
    """

    @staticmethod
    def forward(
        ctx: Any, feature: Tensor, valid: Tensor, temperature: float
    ) -> Tensor:
        total = torch.zeros_like(feature[:, :, 0])
        grad = torch.zeros_like(feature)
        side = _CPU_BLOCK if feature.device.type == 'cpu' else _BLOCK
        pairs = _block_pairs(feature.shape[1], side)
        side = min(side, feature.shape[1])
        # Not one allocation: large ones are given back, and cost time again.
        memory = [feature.new_empty(side * side) for _ in pairs]
        for one, t, w, g in zip(feature, total, valid, grad, strict=True):
            blocks = []
            scaled = one / temperature
            for (rows, cols), free in zip(pairs, memory, strict=True):
                shape = rows.stop - rows.start, cols.stop - cols.start
                block = free[: shape[0] * shape[1]].view(shape)
                torch.mm(scaled[rows], one[cols].t(), out=block).exp_()
                t[rows] += block.sum(1)
                if cols != rows:
                    t[cols] += block.sum(0)
                blocks.append(block)
            if not ctx.needs_input_grad[0]:
                continue
            weight = w / t
            for (rows, cols), block in zip(pairs, blocks, strict=True):
                block.mul_(weight[rows, None] + weight[None, cols])
                g[rows].addmm_(block, one[cols])
                if cols != rows:
                    g[cols].addmm_(block.t(), one[rows])
        ctx.save_for_backward(grad.div_(temperature), valid)
        return total.log_()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_log_sum: Tensor) -> tuple[Tensor, None, None]:
        grad, valid = ctx.saved_tensors
        # One factor per image: the loss weighs its valid locations alike.
        count = valid.sum(1).clamp(min=1)
        factor = (grad_log_sum * valid).sum(1) / count
        return grad * factor[:, None, None], None, None


def _block_pairs(locations: int, size: int) -> list[tuple[slice, slice]]:
    """Cut a square on and above its diagonal into blocks: rows, columns."""
    parts = [
        slice(start, min(start + size, locations))
        for start in range(0, locations, size)
    ]
    return list(combinations_with_replacement(parts, 2))
