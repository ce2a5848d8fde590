"""Bilinear resizing with the alignment rule of kMaX-DeepLab."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def is_odd(side: int) -> bool:
    """Return whether a side in pixels is odd: such grids align corners.

    An odd side n has ceil(n / stride) samples whose first and last lie on
    the image's corners at every stride; an even side has not.
    """
    return bool(side % 2 == 1)


def resize_like_kmax(
    x: Tensor, size: tuple[int, int], align_corners: bool
) -> Tensor:
    """Resize bilinearly without anti-aliasing.

    Args:
        x: Features or logits. (B, C, h, w).
        size: Height and width of the result, in positions.
        align_corners: See `is_odd`; which side decides is said where this
            is called.

    Returns:
        Of the wanted size; `x` itself if it has that size. (B, C, H, W).
    """
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    return F.interpolate(
        x, tuple(size), mode='bilinear', align_corners=align_corners
    )
