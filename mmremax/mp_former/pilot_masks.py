"""Ground-truth masks as attention masks, at the size of a memory.

Letters: S segments, A cells of a memory (h * w).
"""

from __future__ import annotations

import torch
from torch import Tensor

Size = tuple[int, int]


@torch.no_grad()
def pilot_masks(gt_masks: Tensor, sizes: list[Size]) -> dict[Size, Tensor]:
    """Block the cells that a segment does not touch.

    A cell is open if any pixel of its window belongs to the segment, with
    the windows of adaptive pooling: rows floor(i * H / h) to
    ceil((i + 1) * H / h) - 1, columns alike. So a segment never vanishes at
    a coarse size. Booleans and indices alone, no float copy of the masks;
    a size that divides a finer one is pooled from there.

    Paper: MP-Former Sec. 3.

    Args:
        gt_masks: Masks on the padded canvas of the batch. (S, H, W) bool.
        sizes: Sizes of the memories, (h, w) each.

    Returns:
        For each size, True where a query may not attend. (S, A) bool.
    """
    pooled = {}
    source = gt_masks
    for size in sorted(set(sizes), reverse=True):
        if not _nests(gt_masks.shape[-2:], source.shape[-2:], size):
            source = gt_masks
        source = _any_in_window(_any_in_window(source, 1, size[0]), 2, size[1])
        pooled[size] = ~source.flatten(1)
    return pooled


def _nests(canvas: Size, fine: Size, coarse: Size) -> bool:
    """Whether windows of `coarse` on `fine` are those on the canvas."""
    return all(
        n % f == 0 and f % c == 0
        for n, f, c in zip(canvas, fine, coarse, strict=True)
    )


def _any_in_window(masks: Tensor, dim: int, num_windows: int) -> Tensor:
    """Pool one side: True where any element of the window is."""
    length = masks.shape[dim]
    if length % num_windows == 0:
        parts = (num_windows, length // num_windows)
        return masks.unflatten(dim, parts).any(dim + 1)
    index = _windows(length, num_windows).to(masks.device)
    picked = masks.index_select(dim, index.flatten())
    return picked.unflatten(dim, tuple(index.shape)).any(dim + 1)


def _windows(length: int, num_windows: int) -> Tensor:
    """Indices of the windows of adaptive pooling, (num_windows, longest).

    A shorter window repeats its last index.
    """
    cell = torch.arange(num_windows)
    start = cell * length // num_windows
    last = -(-(cell + 1) * length // num_windows) - 1
    offset = torch.arange(int((last - start).max()) + 1)
    return (start[:, None] + offset).minimum(last[:, None])
