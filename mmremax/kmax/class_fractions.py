"""Fraction of each class in the cells of the mask grid.

Letters: B images, K classes, h w pixels of the input, H W the mask grid,
s the stride between them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mmremax.utils.constants import IGNORE


def is_soft(semantic_target: str, name: str) -> bool:
    """Read the key `semantic_target` of a component called `name`.

    Raises:
        ValueError: It is neither ``strided`` nor ``soft``.
    """
    if semantic_target not in ('strided', 'soft'):
        raise ValueError(
            f'{name}: semantic_target={semantic_target!r} is neither '
            "'strided' nor 'soft'."
        )
    return semantic_target == 'soft'


def require_fractions(fractions: Tensor | None, name: str) -> Tensor:
    """Return the fractions that `name` reads.

    Raises:
        ValueError: The pipeline packed none.
    """
    if fractions is None:
        raise ValueError(
            f"{name}: semantic_target='soft' reads the classes of all "
            "pixels: set semantic_target='soft' in PackPanopticInputs too."
        )
    return fractions


@torch.no_grad()
def class_fractions(
    pixel_classes: Tensor,
    num_classes: int,
    size: tuple[int, int],
    ignore_index: int = IGNORE,
    alignment: str = 'auto',
) -> Tensor:
    """Count the classes of the pixels that a cell of the mask grid shows.

    Two alignments. ``cell``, for sides of s * n pixels: the s x s pixels of
    a cell count alike. ``lattice``, for sides of s * n + 1, where cells sit
    on every s-th pixel (align_corners): a box of s pixels around the cell's,
    whose two rim pixels count half if s is even, cut off at the border.
    A histogram: no tensor of classes times pixels is made.

    Paper: Alcover-Couso et al., soft labels (arXiv 2302.13961), applied to
    ReMaX's S of Eq. 3.

    Args:
        pixel_classes: Class of each pixel, or `ignore_index`; not changed.
            (B, h, w), integer.
        num_classes: K.
        size: (H, W).
        ignore_index: Of pixels without ground truth.
        alignment: ``cell``, ``lattice``, or ``auto``: by the sizes.

    Returns:
        Fractions in [0, 1]; they sum to that of labelled pixels, v.
        (B, K, H, W), float32.

    Raises:
        ValueError: The sizes do not have that alignment.
    """
    device = pixel_classes.device
    rows, columns = (
        _cells_of_pixels(old, new, alignment, device)
        for old, new in zip(pixel_classes.shape[1:], size, strict=True)
    )
    index = pixel_classes.long().masked_fill(
        pixel_classes == ignore_index, num_classes
    )
    index = index * (size[0] * size[1])
    counts = torch.zeros(
        len(index), (num_classes + 1) * size[0] * size[1], device=device
    )
    one = counts.new_ones(1)
    for row in rows:
        for column in columns:
            cell = index + row[:, None] * size[1] + column
            flat = cell.flatten(1)
            counts.scatter_add_(1, flat, one.expand_as(flat))
    counts = counts.view(len(index), num_classes + 1, *size)[:, :-1]
    for axis, sides in ((2, rows), (3, columns)):
        pixels = torch.zeros(counts.shape[axis], device=device)  # of a cell
        for cells in sides:
            pixels.index_add_(0, cells, one.expand_as(cells))
        counts = counts / (pixels[:, None] if axis == 2 else pixels)
    return counts


def _cells_of_pixels(
    old: int, new: int, alignment: str, device: torch.device
) -> list[Tensor]:
    """Tell which cells count each of `old` pixels along one side.

    On a lattice of even stride a rim pixel counts half for each of two
    cells. So every pixel counts once for its left and once for its right
    cell, which are the same one but for rims.

    Returns:
        Cells, one list for each count. (old,), int64.
    """
    if alignment == 'auto':
        alignment = 'lattice' if old % 2 and new > 1 else 'cell'
    gaps = dict(cell=(old, new), lattice=(old - 1, new - 1)).get(alignment)
    if gaps is None or gaps[1] < 1 or gaps[0] % gaps[1]:
        raise ValueError(
            f'A map of {old} pixels has no {alignment} grid of {new}: '
            'sides are s * n pixels for n cells (cell), or s * n + 1 '
            'for n + 1 (lattice).'
        )
    stride = gaps[0] // gaps[1]
    pixel = torch.arange(old, device=device)
    if alignment == 'cell':
        return [pixel // stride]
    offsets = {(stride - 1) // 2, stride // 2}  # one if the stride is odd
    return [(pixel + offset) // stride for offset in sorted(offsets)]
