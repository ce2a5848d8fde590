"""Convolution, batch norm and activation: the brick of all decoders."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor, nn

from .initialisation import (
    trunc_normal_he_,
    trunc_normal_small_,
)
from .norm import BatchNorm

_CONV = {1: nn.Conv1d, 2: nn.Conv2d}


class ConvNormAct(nn.Sequential):
    """Convolution that pads by half its kernel, batch norm, exact GELU.

    A side n becomes ceil(n / stride).

    Args:
        in_channels: Of the input.
        out_channels: Of the output.
        kernel_size: In positions, odd.
        dims: 2 for features (B, C, H, W), 1 for queries (B, C, Q).
        dilation: Distance of the kernel's taps, in positions.
        groups: Of the convolution.
        stride: Of the convolution, in positions.
        bias: Whether the convolution has a bias in front of the norm's.
        act: Whether to activate.
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
        groups: int = 1,
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
            groups=groups,
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
    depthwise = ConvNormAct(
        in_channels,
        in_channels,
        kernel_size=5,
        groups=in_channels,
        init=nn.init.xavier_uniform_,
    )
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
