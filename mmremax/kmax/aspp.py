"""Atrous spatial pyramid pooling.

Letters: B images, C channels, H W of the stated stride.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.dist import get_world_size
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import ConvNormAct, aligns_corners, resize_like_kmax


class ASPP(nn.Module):
    """Looks at each position in several surroundings and at the whole image.

    Paper: DeepLabv3, atrous spatial pyramid pooling.

    Args:
        channels: Of every branch and of the output.
        rates: Dilation of each 3x3 branch, in positions.
        dropout: Probability, on the output.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int = 256,
        rates: Sequence[int] = (6, 12, 18),
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList([ConvNormAct(in_channels, channels)])
        for rate in rates:
            self.branches.append(
                ConvNormAct(in_channels, channels, 3, dilation=rate)
            )
        self.image_branch = ConvNormAct(in_channels, channels)
        self.project = ConvNormAct((len(rates) + 2) * channels, channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Run all branches; the width of x decides on the alignment.

        (B, in_channels, H, W) to (B, channels, H, W), activated.
        """
        image = resize_like_kmax(
            self.image_feature(x), x.shape[-2:], aligns_corners(x.shape[-1])
        )
        branches = [branch(x) for branch in self.branches]
        return self.dropout(self.project(torch.cat([*branches, image], dim=1)))

    def image_feature(self, x: Tensor) -> Tensor:
        """Summarise each image. (B, in_channels, H, W) to (B, channels, 1, 1).

        One image in one process gives one value per channel, which has no
        variance: in training the norm then uses its running statistics,
        where the published code fails.
        """
        conv, norm, act = self.image_branch
        pooled = conv(x.mean(dim=(2, 3), keepdim=True))
        if not norm.training or len(x) > 1 or _is_synchronised(norm):
            return act(norm(pooled))
        return act(
            F.batch_norm(
                pooled,
                norm.running_mean,
                norm.running_var,
                norm.weight,
                norm.bias,
                eps=norm.eps,
            )
        )


def _is_synchronised(norm: nn.Module) -> bool:
    """Return whether the norm's batch spans several processes."""
    return isinstance(norm, nn.SyncBatchNorm) and get_world_size() > 1
