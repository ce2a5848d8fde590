"""Mask logits at the size of the image, a tile at a time.

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

from mmremax_runtime import geometry

# Rows and columns of a tile, in pixels. On a CPU the probabilities of all
# queries then stay in the L2 cache, and a call has enough to do. The GPU's
# are not measured.
TILE_SHAPE = {'cpu': (32, 64), 'cuda': (512, 256)}
CPU_TILE_NUMEL = 2**18


def tile_shape(num_queries: int, device: torch.device) -> tuple[int, int]:
    """Choose rows and columns of a tile, in pixels."""
    if device.type != 'cpu':
        return TILE_SHAPE['cuda']
    rows, cols = TILE_SHAPE['cpu']
    return rows, max(1, min(cols, CPU_TILE_NUMEL // (rows * num_queries)))


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

    Args:
        meta: Metainfo with `img_shape`, `batch_input_shape`, `ori_shape`,
            each height first, in pixels.
    """
    return geometry.crop_shape(
        *(
            tuple(meta[key][:2])
            for key in ('img_shape', 'batch_input_shape', 'ori_shape')
        )
    )


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
    """Cut a resize matrix (output, size) into blocks of outputs.

    Each holds the inputs it uses and at most `block` outputs; the targets
    cover all outputs in order. The matrix is on the CPU, the weights of the
    bands on `device`.
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


def bands_of_image(
    mask_logits: Tensor, meta: dict, rescale: bool
) -> tuple[list[Band], list[Band]]:
    """Make the resize of both axes, in tiles.

    Args:
        mask_logits: Logits of one image. (Q, h, w).
        meta: As of `crop_shape`.
        rescale: To `ori_shape`; otherwise to the size of the image in the
            network input.
    """
    num_queries, *shape = mask_logits.shape
    device, dtype = mask_logits.device, mask_logits.dtype
    padded, crop = meta['batch_input_shape'], crop_shape(meta)
    size = meta['ori_shape'] if rescale else (None, None)
    align_corners = padded[1] % 2 == 1
    bands = []
    for axis, block in enumerate(tile_shape(num_queries, device)):
        lengths = shape[axis], padded[axis], crop[axis], size[axis]
        matrix = resize_matrix(*lengths, align_corners, dtype)
        bands.append(split_bands(matrix, block, device))
    return tuple(bands)


def resize_in_tiles(
    mask_logits: Tensor, rows: list[Band], cols: list[Band]
) -> Iterator[tuple[tuple[slice, slice], Tensor]]:
    """Yield resized mask logits tile by tile, queries last.

    Args:
        mask_logits: Logits of one image. (Q, h, w).
        rows: Bands along the height, one per row of tiles.
        cols: Bands along the width, one per tile of such a row.

    Yields:
        Output rows and columns of a tile, and its logits. (rows, cols, Q).
    """
    num_queries, _, width = mask_logits.shape
    for row in rows:
        source = mask_logits[:, row.source].permute(1, 2, 0)
        source = row.weight @ source.flatten(1)  # (rows, w * Q)
        source = source.view(-1, width, num_queries)
        for col in cols:
            logits = col.weight @ source[:, col.source]
            yield (row.target, col.target), logits
