"""Sizes on the way from an image to its map, and the resize as matrices.

The published path resizes mask logits twice: stride 4 -> padded input ->
(crop) -> original size. Both steps are linear and separable: one small
matrix for rows and one for columns. They are banded, so blocks of their rows
use few inputs each.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

Shape = tuple[int, int]


def resized_shape(
    height: int, width: int, short_side: int, long_side: int
) -> Shape:
    """Compute height and width of the network's image, at least one pixel.

    The short side gets its length, unless the long one then exceeds its.
    """
    scale = short_side / min(height, width)
    if scale * max(height, width) > long_side:
        scale = long_side / max(height, width)
    height, width = (int(side * scale + 0.5) for side in (height, width))
    return max(1, height), max(1, width)


def padded_side(side: int, crop: int, stride: int = 32) -> int:
    """Give the smallest side crop + n * stride, n >= 0, that holds `side`."""
    return crop + -(-max(side - crop, 0) // stride) * stride


def crop_shape(resized: Shape, padded: Shape, original: Shape) -> Shape:
    """Return the part of the padded input that shows the image, in pixels.

    The published code crops to the original size times the ratio of the
    long sides (Cityscapes keeps 1024 of 1025 rows). That is
    followed where it describes the image: its long side fills the padded
    input and its aspect was kept. Elsewhere `resized` is the answer.
    """
    if max(resized) != max(padded):
        return resized
    factor = max(padded) / max(original)
    published = tuple(max(1, round(side * factor)) for side in original)
    near = all(
        abs(p - r) <= 1 for p, r in zip(published, resized, strict=True)
    )
    return published if near else resized


@lru_cache(64)
def resize_blocks(
    size: int,
    padded: int,
    crop: int,
    output: int,
    align_corners: bool,
    block: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Compose resize, crop and resize along one axis, in blocks of outputs.

    Args:
        size: Length of the mask logits.
        padded: Length of the padded network input.
        crop: Leading positions of it that show the image.
        output: Length of the result.
        align_corners: As in `torch.nn.functional.interpolate`.
        block: Outputs of a block; the last one has weights of 0 past the
            end.

    Returns:
        Inputs that each block reads, (blocks, inputs), int64, and their
        weights, (blocks, block, inputs).
    """
    low, high, weight = _linear(crop, output, align_corners)
    to_padded = _linear_matrix(size, padded, align_corners)
    matrix = (1 - weight) * to_padded[low] + weight * to_padded[high]
    number = -(-output // block)
    matrix = np.pad(matrix, ((0, number * block - output), (0, 0)))
    blocks = matrix.reshape(number, block, size)
    used = blocks.any(1)  # (blocks, size)
    first = used.argmax(1)
    last = size - 1 - used[:, ::-1].argmax(1)
    length = int((last - first).max()) + 1
    first = np.minimum(first, size - length)
    index = first[:, None] + np.arange(length)
    weights = np.take_along_axis(blocks, index[:, None], axis=2)
    return index, np.ascontiguousarray(weights)


def _linear(
    size: int, output: int, align_corners: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the two inputs of each output, and the weight of the second.

    In float32, rounded where torch rounds. The weight is (output, 1).
    """
    position = np.arange(output, dtype=np.float32)
    if align_corners:
        step = np.float32(size - 1) / np.float32(max(output - 1, 1))
        position = position * step
    else:
        step = np.float32(size) / np.float32(output)
        exact = np.float64(step) * (position + np.float32(0.5)) - 0.5
        position = np.maximum(exact.astype(np.float32), 0)
    low = np.minimum(position.astype(np.int64), size - 1)
    weight = np.clip(position - low.astype(np.float32), 0, 1)
    return low, np.minimum(low + 1, size - 1), weight[:, None]


def _linear_matrix(size: int, output: int, align_corners: bool) -> np.ndarray:
    """Make the matrix of a linear resize. (output, size), float32."""
    low, high, weight = _linear(size, output, align_corners)
    matrix = np.zeros((output, size), np.float32)
    rows = np.arange(output)
    matrix[rows, low] = 1 - weight[:, 0]
    matrix[rows, high] += weight[:, 0]
    return matrix
