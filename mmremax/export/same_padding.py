"""TensorFlow's padding with fixed numbers, while a graph is traced.

timm computes it from the side, whose symbol then grows with every stride
until the exporter takes minutes to hours. But all sides are odd, or all are
even, until the last stride: then the padding is a constant.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn import functional as F


@contextmanager
def fixed_same_padding(
    module: nn.Module, remainders: tuple[int, int]
) -> Iterator[None]:
    """Let timm's convolutions in a module pad by constants.

    Args:
        module: Any.
        remainders: Of the input's height and width by the last stride, 0
            or 1.
    """
    found = [m for m in module.modules() if type(m).__name__ == 'Conv2dSame']
    try:
        for conv in found:
            conv.forward = _Padded(conv, remainders)
        yield
    finally:
        for conv in found:
            del conv.forward


class _Padded:
    """Calls a convolution whose output has ceil(side / stride) positions."""

    def __init__(self, conv: nn.Conv2d, remainders: tuple[int, int]) -> None:
        self.conv = conv
        sides = []
        for axis in (1, 0):  # as F.pad takes them
            reach = conv.dilation[axis] * (conv.kernel_size[axis] - 1)
            step = conv.stride[axis]
            total = max(reach if remainders[axis] else reach + 1 - step, 0)
            sides += [total // 2, total - total // 2]
        self.padding = tuple(sides)

    def __call__(self, x: Tensor) -> Tensor:
        conv = self.conv
        return F.conv2d(
            F.pad(x, self.padding),
            conv.weight,
            conv.bias,
            conv.stride,
            0,
            conv.dilation,
            conv.groups,
        )
