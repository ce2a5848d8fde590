"""Depthwise convolution whose weights get their gradient fast on a CPU.

Letters: B images, C channels, H W of the stated stride, k kernel.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.nn.grad import conv2d_weight


class DepthwiseConv2d(nn.Conv2d):
    """A convolution of each channel by itself that keeps the size."""

    def __init__(self, channels: int, kernel_size: int) -> None:
        super().__init__(
            channels,
            channels,
            kernel_size,
            padding=kernel_size // 2,
            groups=channels,
            bias=False,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (B, C, H, W)."""
        if not self.training or x.device.type != 'cpu':
            return super().forward(x)
        if x.dtype != torch.float32 or torch.is_autocast_enabled('cpu'):
            return super().forward(x)
        return _Depthwise.apply(x, self.weight)


class _Depthwise(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return F.conv2d(x, weight, padding='same', groups=len(weight))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        half = weight.shape[2] // 2
        grad_x, *_ = torch.ops.aten.convolution_backward(
            grad,
            x,
            weight,
            bias_sizes=None,
            stride=[1, 1],
            padding=[half, half],
            dilation=[1, 1],
            transposed=False,
            output_padding=[0, 0],
            groups=len(weight),
            output_mask=[True, False, False],
        )
        return grad_x, weight_gradient(x, grad, weight.shape[2])


def weight_gradient(x: Tensor, grad: Tensor, kernel_size: int) -> Tensor:
    """Gradient of a depthwise convolution's weights. (C, 1, k, k).

    oneDNN has a fast one for 3x3 kernels alone: a larger kernel is made of
    such windows, two apart.

    Args:
        x: Input. (B, C, H, W).
        grad: Of the output. (B, C, H, W).
        kernel_size: k, odd.
    """
    channels, height, width = grad.shape[1:]
    padded = F.pad(x, [kernel_size // 2] * 4)
    result = x.new_empty(channels, 1, kernel_size, kernel_size)
    window = (channels, 1, 3, 3)
    for row in range(0, kernel_size - 2, 2):
        for col in range(0, kernel_size - 2, 2):
            part = padded[:, :, row : row + height + 2, col : col + width + 2]
            result[:, :, row : row + 3, col : col + 3] = conv2d_weight(
                part, window, grad, groups=channels
            )
    return result
