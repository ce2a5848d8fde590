"""Class fractions of a label map at a lower resolution.

A resize is two matrices, rows and columns, each row summing to 1. Applied to
the indicator image of a class it gives the fraction of the class in every
output cell.

Letters: C classes, P classes present, H W the label map, h w the result,
s = H / h the scale.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from scipy.sparse import csr_matrix

from mmremax.utils.constants import IGNORE


def _nearest(output: np.ndarray, pixel: np.ndarray, s: float) -> np.ndarray:
    return (pixel == np.floor(output * s)).astype(float)


def _bilinear(output: np.ndarray, pixel: np.ndarray, s: float) -> np.ndarray:
    place = np.clip((output + 0.5) * s - 0.5, 0, pixel.max())
    return np.clip(1 - np.abs(pixel - place), 0, None)


def _area(output: np.ndarray, pixel: np.ndarray, s: float) -> np.ndarray:
    end = np.minimum(pixel + 1, (output + 1) * s)
    return np.clip(end - np.maximum(pixel, output * s), 0, None)


def _adaptive(output: np.ndarray, pixel: np.ndarray, s: float) -> np.ndarray:
    # s is old / new: in integers, so that rounding moves no border.
    old, new = pixel.size, output.size
    first = output.astype(int) * old // new
    last = -(-(output.astype(int) + 1) * old // new)
    return ((pixel >= first) & (pixel < last)).astype(float)


def _bilinear_aa(
    output: np.ndarray, pixel: np.ndarray, s: float
) -> np.ndarray:
    distance = np.abs(pixel - ((output + 0.5) * s - 0.5)) / max(s, 1)
    return np.clip(1 - distance, 0, None)


def _bicubic_aa(output: np.ndarray, pixel: np.ndarray, s: float) -> np.ndarray:
    t = np.abs(pixel - ((output + 0.5) * s - 0.5)) / max(s, 1)
    near = (1.5 * t - 2.5) * t * t + 1
    far = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t < 1, near, np.where(t < 2, far, 0))


_WEIGHTS: dict[str, Callable] = dict(
    nearest=_nearest,
    bilinear=_bilinear,
    area=_area,
    adaptive=_adaptive,
    bilinear_aa=_bilinear_aa,
    bicubic_aa=_bicubic_aa,
)
KERNELS = tuple(_WEIGHTS)
# The same in OpenCV, several times faster; its area only when it shrinks.
_OPENCV = dict(bilinear=cv2.INTER_LINEAR, area=cv2.INTER_AREA)


def kernel_matrix(kernel: str, old: int, new: int) -> np.ndarray:
    """Write a resize along one side as a matrix.

    Pixel i has its centre at i + 0.5; output o has its centre at
    (o + 0.5) * s, s = old / new.

    Args:
        kernel: ``nearest`` (the pixel floor(o * s)); ``bilinear`` (two
            taps, OpenCV's linear: no smoothing when it shrinks); ``area``
            (overlap with [o * s, (o + 1) * s), OpenCV's area); ``adaptive``
            (every pixel touched, torch's area); ``bilinear_aa`` and
            ``bicubic_aa`` (smoothed, Pillow's; the latter has negative
            weights).
        old: Pixels.
        new: Outputs.

    Returns:
        Rows sum to 1. (new, old), float64.

    Raises:
        ValueError: There is no such kernel.
    """
    if kernel not in _WEIGHTS:
        raise ValueError(
            f'label kernel {kernel!r} is none of {", ".join(KERNELS)}.'
        )
    output = np.arange(new, dtype=float)[:, None]
    pixel = np.arange(old, dtype=float)[None]
    matrix = _WEIGHTS[kernel](output, pixel, old / new)
    return matrix / matrix.sum(1, keepdims=True)


def lattice_matrix(old: int, stride: int) -> np.ndarray:
    """Write the box kernel of an ``align_corners`` grid as a matrix.

    Output o sits on pixel o * stride. The box is `stride` wide; with an even
    stride its two rim pixels count half. What lies outside is cut off.

    Args:
        old: Pixels, k * stride + 1.
        stride: Pixels between outputs.

    Returns:
        Rows sum to 1. (k + 1, old), float64.
    """
    output = np.arange((old - 1) // stride + 1)[:, None] * stride
    distance = np.abs(np.arange(old)[None] - output)
    half = 1.0 if stride % 2 else 0.5
    matrix = (distance < stride / 2) + half * (distance == stride / 2)
    return matrix / matrix.sum(1, keepdims=True)


def class_fractions(
    label_map: np.ndarray,
    size: tuple[int, int],
    kernel: str,
    num_classes: int,
    ignore_index: int = IGNORE,
) -> tuple[np.ndarray, np.ndarray]:
    """Reduce a label map to the fraction of each class in each cell.

    Fractions of a cell sum to its valid mass v: 1 less what is ignored.
    Kernels with negative weights are clamped at 0, and classes and ignored
    mass together divided by their sum.

    Paper: Alcover-Couso et al., soft labels (arXiv 2302.13961).

    Args:
        label_map: Classes in [0, C), or `ignore_index`. (H, W).
        size: (h, w).
        kernel: See kernel_matrix.
        num_classes: C.
        ignore_index: Label of pixels that do not count.

    Returns:
        Tuple of the classes present, ascending, (P,) int64, and their
        fractions in [0, 1], (P, h, w) float32.

    Raises:
        ValueError: A label is no class.
    """
    labels = np.flatnonzero(np.bincount(label_map.ravel()))
    classes = labels[labels != ignore_index]
    if classes.size and classes[-1] >= num_classes:
        raise ValueError(
            f'The label map has the label {classes[-1]}, but num_classes is '
            f'{num_classes} and ignore_index {ignore_index}: correct '
            'num_classes, or map the label with reduce_zero_label or '
            "the data set's label_map before it is softened."
        )
    resize = _resizer(label_map.shape, size, kernel)

    def shrunk(label: int) -> np.ndarray:
        return resize((label_map == label).astype(np.float32))

    fractions = np.empty((len(classes), *size), np.float32)
    for plane, label in zip(fractions, classes, strict=True):
        plane[:] = shrunk(label)
    if kernel == 'bicubic_aa':
        ignored = np.clip(shrunk(ignore_index), 0, None)
        np.clip(fractions, 0, None, out=fractions)
        fractions /= fractions.sum(0) + ignored
    return classes, fractions


def _resizer(
    old: tuple[int, int], new: tuple[int, int], kernel: str
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what resizes a float32 map from `old` to `new` (h, w)."""
    shrinks = all(a >= b for a, b in zip(old, new, strict=True))
    if kernel in _OPENCV and (shrinks or kernel != 'area'):
        method = _OPENCV[kernel]
        return lambda x: cv2.resize(x, new[::-1], interpolation=method)
    rows, columns = (
        csr_matrix(kernel_matrix(kernel, a, b).astype(np.float32))
        for a, b in zip(old, new, strict=True)
    )
    return lambda x: (columns @ (rows @ x).T).T
