"""Resizes mask logits to image size, a strip of rows at a time.

The published path resizes twice: stride 4 -> padded input -> (crop) ->
original size. Both steps are linear and separable, so they are two small
matrices, one for rows and one for columns, and the map at input size is
never made. An output row needs a handful of source rows: the matrices are
banded, and only the bands are multiplied.

Letters: Q queries, h w stride 4, H W output (see docs/notation.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Band:
    """The part of a resize matrix that makes one block of positions.

    Attributes:
        target: Output positions of the block.
        source: Input positions they are interpolated from.
        weight: Interpolation weights. (target, source).
    """

    target: slice
    source: slice
    weight: Tensor


def crop_shape(meta: dict) -> tuple[int, int]:
    """Return the part of the padded input that shows the image, in pixels.

    The published code crops to the original size times the ratio of the
    long sides (Cityscapes keeps 1024 of 1025 rows). That is
    followed where it describes the image: its long side fills the padded
    input and its aspect was kept. Elsewhere `img_shape` is the answer.

    Args:
        meta: Metainfo with `img_shape`, `batch_input_shape`, `ori_shape`,
            each height first, in pixels.
    """
    resized = tuple(meta['img_shape'][:2])
    padded = tuple(meta['batch_input_shape'][:2])
    original = tuple(meta['ori_shape'][:2])
    if max(resized) != max(padded):
        return resized
    factor = max(padded) / max(original)
    published = tuple(round(side * factor) for side in original)
    near = all(
        abs(p - r) <= 1 for p, r in zip(published, resized, strict=True)
    )
    return published if near else resized


def resize_matrix(
    size: int,
    padded: int,
    crop: int,
    output: int | None,
    align_corners: bool,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Compose resize, crop and resize along one axis into a matrix.

    Args:
        size: Length of the mask logits.
        padded: Length of the padded network input.
        crop: Leading positions of it that show the image.
        output: Length of the result; None keeps the cropped input size.
        align_corners: As in `torch.nn.functional.interpolate`.
        dtype: Type of the weights.

    Returns:
        Interpolation weights; every row adds up to 1. (output, size).
    """
    basis = torch.eye(size, dtype=dtype)[None]
    matrix = F.interpolate(
        basis, padded, mode='linear', align_corners=align_corners
    )[..., :crop]
    if output is not None:
        matrix = F.interpolate(
            matrix, output, mode='linear', align_corners=align_corners
        )
    return matrix[0].t()


def split_bands(
    matrix: Tensor, block: int, device: torch.device
) -> list[Band]:
    """Cut a resize matrix into blocks of outputs with the inputs they use.

    Args:
        matrix: Interpolation weights, on the CPU. (output, size).
        block: Most output positions of a band.
        device: Where the weights go.

    Returns:
        Bands whose targets cover all outputs in order.
    """
    bands = []
    for start in range(0, len(matrix), block):
        rows = matrix[start : start + block]
        used = rows.ne(0).any(0).nonzero().flatten().tolist()
        source = slice(used[0], used[-1] + 1)
        target = slice(start, start + len(rows))
        weight = rows[:, source].contiguous().to(device)
        bands.append(Band(target, source, weight))
    return bands


def resize_in_strips(
    mask_logits: Tensor, rows: list[Band], cols: list[Band]
) -> Iterator[tuple[slice, Tensor]]:
    """Yield resized mask logits strip by strip, queries last.

    Args:
        mask_logits: Logits of one image. (Q, h, w).
        rows: Bands along the height, one per strip.
        cols: Bands along the width.

    Yields:
        Output rows of the strip and their logits. (rows, W, Q).
    """
    width = cols[-1].target.stop
    num_queries = len(mask_logits)
    for row in rows:
        source = mask_logits[:, row.source].permute(1, 2, 0).contiguous()
        wide = torch.cat(
            [col.weight @ source[:, col.source] for col in cols], dim=1
        )  # (source rows, W, Q)
        strip = row.weight @ wide.flatten(1)  # (rows, W * Q)
        yield row.target, strip.view(-1, width, num_queries)
