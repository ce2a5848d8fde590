"""Attention along one image axis, with relative positions.

Letters: B images, N = B times the length of the other axis, C channels,
H W of the stated stride, L positions on the attended axis.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import (
    BatchNorm,
    at_least_float32,
    trunc_normal_,
    trunc_normal_lecun_,
)

MAX_DISTANCE = 254  # positions; larger distances share the last table row


def relative_index(length: int, device: torch.device) -> Tensor:
    """Return the table row of each pair of positions, for any length L.

    It is made on the device: nothing is copied and nothing is kept. The
    published code stops at 255 positions.

    Returns:
        `m - l + 254`, clamped to the table. (L, L) of [query l, key m].
    """
    position = torch.arange(length, device=device)
    distance = position[None, :] - position[:, None]  # (L, L)
    return distance.clamp(-MAX_DISTANCE, MAX_DISTANCE) + MAX_DISTANCE


class AxialAttention(nn.Module):
    """Attends to all positions of one axis.

    Content and relative position meet in three groups of logits (query-key,
    query-position, key-position) and two groups of values; each group has
    its own batch norm scales, which replace 1 / sqrt(d).

    Paper: Axial-DeepLab, position-sensitive axial-attention.

    Args:
        key_channels: Of queries and keys, all heads together.
        value_channels: Of the values and the output, all heads together.
        num_heads: Divides both.
    """

    def __init__(
        self,
        in_channels: int,
        key_channels: int,
        value_channels: int,
        num_heads: int = 8,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.depths = (key_channels, key_channels, value_channels)
        self.qkv = nn.Conv1d(in_channels, sum(self.depths), 1, bias=False)
        self.qkv_norm = BatchNorm(sum(self.depths))
        self.similarity_norm = BatchNorm(3 * num_heads)
        self.output_norm = BatchNorm(2 * value_channels)
        rows = 2 * MAX_DISTANCE + 1
        key_depth = key_channels // num_heads
        value_depth = value_channels // num_heads
        self.relative_query = nn.Parameter(torch.empty(rows, key_depth))
        self.relative_key = nn.Parameter(torch.empty(rows, key_depth))
        self.relative_value = nn.Parameter(torch.empty(rows, value_depth))
        trunc_normal_lecun_(self.qkv.weight)
        for table in (
            self.relative_query,
            self.relative_key,
            self.relative_value,
        ):
            trunc_normal_(table, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        """Attend within sequences. (N, C, L) to (N, value_channels, L)."""
        N, _, L = x.shape
        heads = self.num_heads
        query, key, value = (
            part.view(N, heads, -1, L)
            for part in self.qkv_norm(self.qkv(x)).split(self.depths, dim=1)
        )
        index = relative_index(L, x.device)
        weights = self.attention_weights(query, key, index).to(value.dtype)
        relative_value = F.embedding(index, self.relative_value)  # (L, L, d)
        by_content = torch.einsum('nhlm,nhdm->nhdl', weights, value)
        by_position = torch.einsum('nhlm,lmd->nhdl', weights, relative_value)
        retrieved = torch.cat([by_content, by_position], dim=1)
        retrieved = self.output_norm(retrieved.view(N, -1, L))
        return retrieved.view(N, 2, -1, L).sum(dim=1)

    def attention_weights(
        self, query: Tensor, key: Tensor, index: Tensor
    ) -> Tensor:
        """Compare every position with every other.

        Queries and keys (N, heads, d, L), table rows (L, L). Returns
        probabilities over the last axis, at least float32. (N, heads, L, L).
        """
        N, heads, _, L = query.shape
        relative_query = F.embedding(index, self.relative_query)  # (L, L, d)
        relative_key = F.embedding(index, self.relative_key)
        logits = torch.cat(
            [
                torch.einsum('nhdl,nhdm->nhlm', query, key),
                torch.einsum('nhdl,lmd->nhlm', query, relative_query),
                torch.einsum('nhdm,lmd->nhlm', key, relative_key),
            ],
            dim=1,
        )
        logits = self.similarity_norm(logits).view(N, 3, heads, L, L)
        return at_least_float32(logits.sum(dim=1)).softmax(dim=-1)


class AxialAttention2d(nn.Module):
    """Attends along the height, then along the width.

    Each axis keeps every `stride`-th position after its own attention. The
    other arguments are those of `AxialAttention`.
    """

    def __init__(
        self,
        in_channels: int,
        key_channels: int,
        value_channels: int,
        num_heads: int = 8,
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.height_axis = AxialAttention(
            in_channels, key_channels, value_channels, num_heads
        )
        self.width_axis = AxialAttention(
            value_channels, key_channels, value_channels, num_heads
        )

    def forward(self, x: Tensor) -> Tensor:
        """Attend; a side becomes H' = ceil(H / stride).

        (B, C, H, W) to (B, value_channels, H', W'), not activated.
        """
        B, _, H, W = x.shape
        columns = x.permute(0, 3, 1, 2).flatten(0, 1)  # (B * W, C, H)
        columns = self.height_axis(columns).view(B, W, -1, H)
        columns = columns[..., :: self.stride]  # (B, W, C, H')
        rows = columns.permute(0, 3, 2, 1).flatten(0, 1)  # (B * H', C, W)
        rows = self.width_axis(rows).unflatten(0, (B, -1))
        rows = rows[..., :: self.stride]  # (B, H', C, W')
        return rows.permute(0, 2, 1, 3)  # (B, C, H', W')
