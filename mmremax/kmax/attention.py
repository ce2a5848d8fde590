"""The two attentions of a decoder layer: to the pixels, among the queries.

Letters: B images, C channels, H W of the stated stride, P = H * W,
Q queries.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import (
    BatchNorm,
    ConvNormAct,
    at_least_float32,
    trunc_normal_lecun_,
)
from .segments import sum_by_segment


class KMeansCrossAttention(nn.Module):
    """Gives each pixel to its best query; queries add up their pixels.

    The clusters are sums, not means; the norm after them sees to the scale.

    Paper: kMaX-DeepLab, k-means cross-attention.
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
        """Return what to add to the queries. (B, C, Q).

        The key is the projected pixel feature, (B, C, H, W). The mask logits,
        the affinity of pixels and queries, (B, Q, H, W), get no gradient,
        because the assignment is hard.
        """
        assignment = mask_logits.detach().argmax(dim=1).flatten(1)  # (B, P)
        value = at_least_float32(self.value(key)).flatten(2)
        with torch.autocast(value.device.type, enabled=False):
            clusters = sum_by_segment(value, assignment, mask_logits.shape[1])[
                ..., :-1
            ]
        return self.project(self.update_norm(clusters))


class QuerySelfAttention(nn.Module):
    """Attends to all queries; a batch norm of the logits replaces scaling.

    Args:
        embed_dims: C; queries and keys have half of it, all heads together.
        num_heads: Divides C / 2.
    """

    def __init__(self, embed_dims: int = 256, num_heads: int = 8) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.depths = (embed_dims // 2, embed_dims // 2, embed_dims)
        self.qkv = ConvNormAct(
            embed_dims,
            sum(self.depths),
            dims=1,
            act=False,
            init=trunc_normal_lecun_,
        )
        self.similarity_norm = BatchNorm(num_heads)
        self.output_norm = BatchNorm(embed_dims)
        self.project = ConvNormAct(
            embed_dims, embed_dims, dims=1, act=False, gamma=0.0
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return what to add to the projected queries x. (B, C, Q), as x."""
        query, key, value = (
            part.unflatten(1, (self.num_heads, -1))
            for part in self.qkv(x).split(self.depths, dim=1)
        )
        return self.project(self.attend(query, key, value))

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Retrieve values by the similarity of queries and keys.

        Queries and keys (B, heads, C / 2 / heads, Q), values (B, heads,
        C / heads, Q). Returns (B, C, Q), normed and activated.
        """
        logits = self.similarity_norm(query.transpose(2, 3) @ key)
        weights = at_least_float32(logits).softmax(dim=-1).to(value.dtype)
        retrieved = value @ weights.transpose(2, 3)  # (B, heads, d, Q)
        return F.gelu(self.output_norm(retrieved.flatten(1, 2)))
