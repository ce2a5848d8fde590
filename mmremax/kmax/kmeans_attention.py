"""The k-means step that updates queries from pixels.

Letters: B images, C channels, H W of the stated stride, P = H * W,
Q queries.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .conv_norm_act import ConvNormAct
from .initialisation import trunc_normal_lecun_
from .norm import (
    BatchNorm,
    at_least_float32,
)
from .segments import sum_by_segment


class KMeansCrossAttention(nn.Module):
    """Gives each pixel to its best query; queries add up their pixels.

    The clusters are sums, not means; the norm behind them sees to the scale.

    Paper: kMaX-DeepLab, k-means cross-attention.

    Args:
        embed_dims: C.
    """

    def __init__(self, embed_dims: int = 256) -> None:
        super().__init__()
        self.value = ConvNormAct(
            embed_dims, embed_dims, act=False, init=trunc_normal_lecun_
        )
        self.update_norm = BatchNorm(embed_dims)
        self.project = ConvNormAct(
            embed_dims, embed_dims, dims=1, act=False, gamma=0.0
        )

    def forward(self, key: Tensor, mask_logits: Tensor) -> Tensor:
        """Run one step.

        Args:
            key: Projected pixel feature. (B, C, H, W).
            mask_logits: Affinity of pixels and queries; it gets no
                gradient, because the assignment is hard. (B, Q, H, W).

        Returns:
            What to add to the queries. (B, C, Q).
        """
        assignment = mask_logits.detach().argmax(dim=1).flatten(1)  # (B, P)
        value = at_least_float32(self.value(key)).flatten(2)
        with torch.autocast(value.device.type, enabled=False):
            clusters = sum_by_segment(value, assignment, mask_logits.shape[1])[
                ..., :-1
            ]
        return self.project(self.update_norm(clusters))
