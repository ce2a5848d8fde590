"""Initial values of the published PyTorch code.

They differ from torch's and mmengine's functions of similar names: the
normal distributions are cut at two standard deviations and not corrected
for it, and the fan-in ignores the area of the kernel.
"""

from __future__ import annotations

import math

from torch import Tensor, nn


def trunc_normal_(tensor: Tensor, std: float) -> Tensor:
    """Fill in place from a normal distribution cut at 2 * std."""
    return nn.init.trunc_normal_(tensor, std=std, a=-2 * std, b=2 * std)


def trunc_normal_he_(weight: Tensor) -> Tensor:
    """Fill in place with std sqrt(2 / input channels).

    Args:
        weight: Of a convolution without groups. (out, in, ...).
    """
    return trunc_normal_(weight, math.sqrt(2 / weight.shape[1]))


def trunc_normal_lecun_(weight: Tensor) -> Tensor:
    """Fill in place with std sqrt(1 / input channels).

    Args:
        weight: Of a convolution without groups. (out, in, ...).
    """
    return trunc_normal_(weight, math.sqrt(1 / weight.shape[1]))


def trunc_normal_small_(weight: Tensor) -> Tensor:
    """Fill in place with std 0.01, as the last convolution of each head."""
    return trunc_normal_(weight, 0.01)
