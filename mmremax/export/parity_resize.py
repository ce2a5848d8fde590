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

    (B, C, h, w) to (B, C, H, W) for a size (H, W).
    """
    last_column = torch.arange(x.shape[-1], device=x.device)[-1]
    is_odd = last_column % 2 == 0
    rows = _weights(x.shape[-2], size[0], is_odd, x)
    columns = _weights(x.shape[-1], size[1], is_odd, x)
    return rows @ x @ columns.T


def _weights(old: int, new: int, is_odd: Tensor, like: Tensor) -> Tensor:
    """Weigh each old position for each new one. (new, old)."""
    places = torch.arange(new, device=like.device).to(like.dtype)
    inputs = torch.arange(old, device=like.device).to(like.dtype)
    aligned = places * (inputs[-1] / places[-1])
    plain = (places + 0.5) * ((inputs[-1] + 1) / (places[-1] + 1)) - 0.5
    source = torch.where(is_odd, aligned, plain)
    source = torch.minimum(source.clamp(min=0), inputs[-1])
    return (1 - (source[:, None] - inputs).abs()).clamp(min=0)
