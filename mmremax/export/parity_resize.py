"""The resize of the deepest feature, while a graph is traced.

The parity of that feature's width decides whether corners align. A trace
would keep the decision of its example; computed in the graph, it is that of
the image. All finer features are odd, or all are even: theirs may be kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from mmremax.kmax.layers import resize_like_kmax
from mmremax.kmax.pixel_decoder import ResizedFuse


@contextmanager
def parity_resize(module: nn.Module) -> Iterator[None]:
    """Let the first ``ResizedFuse`` of a module decide in the graph."""
    fuse = next(m for m in module.modules() if isinstance(m, ResizedFuse))
    fuse.forward = _Fused(fuse)
    try:
        yield
    finally:
        del fuse.forward


class _Fused:
    """Calls a fuse without asking a shape whether it is odd."""

    def __init__(self, fuse: ResizedFuse) -> None:
        self.fuse = fuse

    def __call__(self, low: Tensor, high: Tensor) -> Tensor:
        high = self.fuse.high(high)
        return high + resize_by_parity(self.fuse.low(low), high.shape[-2:])


def resize_by_parity(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize bilinearly; corners align where the width of x is odd.

    Both ways are computed, of a small feature. (B, C, h, w) to (B, C, H, W)
    for a size (H, W).
    """
    odd, even = (resize_like_kmax(x, size, align) for align in (True, False))
    is_odd = torch.full((), x.shape[-1]) % 2 == 1
    return torch.where(is_odd, odd, even)
