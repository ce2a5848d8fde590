"""The two norms of kMaX-DeepLab, and its rule of precision.

Letters: B images, C channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm


def at_least_float32(x: Tensor) -> Tensor:
    """Convert half precision to float32, keep the other types."""
    half = x.dtype in {torch.float16, torch.bfloat16}
    return x.float() if half else x


class BatchNorm(_BatchNorm):
    """Normalises axis 1 of a tensor of any rank over all other axes.

    Queries (3-D), attention logits and features (4-D) use the same class.
    `SyncBatchNorm.convert_sync_batchnorm` converts it.

    Args:
        num_features: C.
        gamma: Initial scale; 0 makes a residual branch start as nothing.
    """

    def __init__(self, num_features: int, gamma: float = 1.0) -> None:
        super().__init__(num_features, eps=1e-3, momentum=0.01)
        nn.init.constant_(self.weight, gamma)

    def _check_input_dim(self, input: Tensor) -> None:
        """Accept every rank: (B, C, ...)."""


class ChannelLayerNorm(nn.LayerNorm):
    """Normalises the channels of each position, in float32 under autocast.

    Args:
        num_channels: C.
    """

    def __init__(self, num_channels: int) -> None:
        super().__init__(num_channels, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise.

        Args:
            x: Features. (B, C, ...).

        Returns:
            Normalised features of the same shape, at least float32.
        """
        last = at_least_float32(x).movedim(1, -1)  # (B, ..., C)
        normed = F.layer_norm(
            last, self.normalized_shape, self.weight, self.bias, self.eps
        )
        return normed.movedim(-1, 1)
