"""Bricks of all decoders: convolution, norms, initial values, resizing.

Initial values are those of the published PyTorch code. They differ from
torch's and mmengine's functions of similar names: the normal distributions
are cut at two standard deviations and not corrected for it, and the fan-in
ignores the area of the kernel.

Letters: B images, C channels.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from .depthwise import DepthwiseConv2d


def trunc_normal_(tensor: Tensor, std: float) -> Tensor:
    """Fill in place from a normal distribution cut at 2 * std."""
    return nn.init.trunc_normal_(tensor, std=std, a=-2 * std, b=2 * std)


def trunc_normal_he_(weight: Tensor) -> Tensor:
    """Fill a weight (out, in, ...) with std sqrt(2 / in), without groups."""
    return trunc_normal_(weight, math.sqrt(2 / weight.shape[1]))


def trunc_normal_lecun_(weight: Tensor) -> Tensor:
    """Fill a weight (out, in, ...) with std sqrt(1 / in), without groups."""
    return trunc_normal_(weight, math.sqrt(1 / weight.shape[1]))


def trunc_normal_small_(weight: Tensor) -> Tensor:
    """Fill in place with std 0.01, as the last convolution of each head."""
    return trunc_normal_(weight, 0.01)


def at_least_float32(x: Tensor) -> Tensor:
    """Convert half precision to float32, keep the other types."""
    half = x.dtype in {torch.float16, torch.bfloat16}
    return x.float() if half else x


class BatchNorm(_BatchNorm):
    """Normalises axis 1 of a tensor of any rank over all other axes.

    Queries (3-D), attention logits and features (4-D) use the same class.
    `SyncBatchNorm.convert_sync_batchnorm` converts it. An initial scale
    `gamma` of 0 makes a residual branch start as nothing.
    """

    def __init__(self, num_features: int, gamma: float = 1.0) -> None:
        super().__init__(num_features, eps=1e-3, momentum=0.01)
        nn.init.constant_(self.weight, gamma)

    def _check_input_dim(self, input: Tensor) -> None:
        """Accept every rank: (B, C, ...)."""


class ChannelLayerNorm(nn.LayerNorm):
    """Normalises the channels of each position, in float32 under autocast."""

    def __init__(self, num_channels: int) -> None:
        super().__init__(num_channels, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B, C, ...); the result is at least float32."""
        last = at_least_float32(x).movedim(1, -1)  # (B, ..., C)
        normed = F.layer_norm(
            last, self.normalized_shape, self.weight, self.bias, self.eps
        )
        return normed.movedim(-1, 1)


_CONV = {1: nn.Conv1d, 2: nn.Conv2d}


class ConvNormAct(nn.Sequential):
    """Convolution that pads by half its kernel, batch norm, exact GELU.

    A side n becomes ceil(n / stride).

    Args:
        kernel_size: In positions, odd.
        dims: 2 for features (B, C, H, W), 1 for queries (B, C, Q).
        dilation: Distance of the kernel's taps, in positions.
        bias: Whether the convolution has a bias in front of the norm's.
        gamma: Initial scale of the norm.
        init: Fills the convolution's weight in place.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 1,
        dims: int = 2,
        dilation: int = 1,
        stride: int = 1,
        bias: bool = False,
        act: bool = True,
        gamma: float = 1.0,
        init: Callable[[Tensor], Tensor] = trunc_normal_he_,
    ) -> None:
        conv = _CONV[dims](
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding=dilation * (kernel_size // 2),
            dilation=dilation,
            bias=bias,
        )
        init(conv.weight)
        if bias:
            nn.init.zeros_(conv.bias)
        layers = OrderedDict(conv=conv, norm=BatchNorm(out_channels, gamma))
        if act:
            layers['act'] = nn.GELU()
        super().__init__(layers)


def depthwise_separable(in_channels: int, out_channels: int) -> nn.Sequential:
    """Build a 5x5 depthwise and a 1x1 convolution, each normed, activated."""
    conv = DepthwiseConv2d(in_channels, 5)
    nn.init.xavier_uniform_(conv.weight)
    layers = dict(conv=conv, norm=BatchNorm(in_channels), act=nn.GELU())
    depthwise = nn.Sequential(OrderedDict(layers))
    pointwise = ConvNormAct(in_channels, out_channels)
    return nn.Sequential(OrderedDict(depthwise=depthwise, pointwise=pointwise))


def conv1x1_logits(
    in_channels: int, num_logits: int, dims: int = 2
) -> nn.Module:
    """Build the last convolution of a head: a bias and small weights."""
    conv = _CONV[dims](in_channels, num_logits, 1)
    trunc_normal_small_(conv.weight)
    nn.init.zeros_(conv.bias)
    return conv


def aligns_corners(side: int) -> bool:
    """Return whether a side in pixels is odd: such grids align corners.

    An odd side n has ceil(n / stride) samples whose first and last lie on
    the image's corners at every stride; an even side has not.
    """
    return bool(side % 2 == 1)


def resize_like_kmax(
    x: Tensor, size: tuple[int, int], align_corners: bool
) -> Tensor:
    """Resize bilinearly without anti-aliasing; keep x if it has the size.

    (B, C, h, w) to (B, C, H, W) for a size (H, W). Which side decides on
    `align_corners` is said where this is called; see `aligns_corners`.
    """
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    return F.interpolate(
        x, tuple(size), mode='bilinear', align_corners=align_corners
    )


def resize_by_products(
    x: Tensor, size: tuple[int, int], align_corners: bool
) -> Tensor:
    """Do what `resize_like_kmax` does, by a matrix for each axis.

    Up to rounding. Its gradient takes a tenth of the time on a CPU, and is
    deterministic on a GPU.
    """
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    rows, cols = (
        F.interpolate(
            torch.eye(old, dtype=x.dtype, device=x.device)[None],
            new,
            mode='linear',
            align_corners=align_corners,
        )[0]
        for old, new in zip(x.shape[-2:], size, strict=True)
    )  # (h, H), (w, W)
    return rows.t() @ (x @ cols)
