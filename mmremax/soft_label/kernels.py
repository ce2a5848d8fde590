"""Class fractions of a label map at a lower resolution.

Letters: C classes, P classes present, H W the label map, h w the result.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from PIL import Image
from scipy.sparse import csr_matrix
from torch.nn import functional as F

from mmremax.utils.constants import IGNORE

_OPENCV = dict(
    nearest=cv2.INTER_NEAREST, bilinear=cv2.INTER_LINEAR, area=cv2.INTER_AREA
)
_PILLOW = dict(
    bilinear_aa=Image.Resampling.BILINEAR, bicubic_aa=Image.Resampling.BICUBIC
)
KERNELS = (*_OPENCV, *_PILLOW, 'adaptive')


def resize_plane(
    plane: np.ndarray, size: tuple[int, int], kernel: str
) -> np.ndarray:
    """Resize one map, rows and columns apart, each with weights of sum 1.

    With s pixels of the map for one of the result, on a side, output o is

    - ``nearest``: pixel floor(o * s), as mmseg resizes hard labels;
    - ``bilinear``: the two pixels around (o + 0.5) * s - 0.5; no smoothing,
      so that beyond s = 2 some pixels are not seen;
    - ``area``: every pixel by its overlap with [o * s, (o + 1) * s);
    - ``adaptive``: every pixel it touches, alike (torch's area);
    - ``bilinear_aa``: a triangle around (o + 0.5) * s, s to each side
      (Pillow's bilinear, torch's with antialias);
    - ``bicubic_aa``: a cubic there, 2 s to each side, partly negative.

    Map and result are float32, (H, W) and (h, w).
    """
    h, w = size
    if kernel in _PILLOW:
        image = Image.fromarray(plane)
        return np.asarray(image.resize((w, h), _PILLOW[kernel]))
    if kernel == 'adaptive':
        pooled = F.adaptive_avg_pool2d(torch.from_numpy(plane)[None], size)
        return pooled[0].numpy()
    if kernel == 'area' and (h > plane.shape[0] or w > plane.shape[1]):
        # Where it enlarges, OpenCV's area is sometimes a pixel off.
        rows, columns = map(_overlaps, plane.shape, size)
        return (columns @ (rows @ plane).T).T
    return cv2.resize(plane, (w, h), interpolation=_OPENCV[kernel])


def _overlaps(old: int, new: int) -> csr_matrix:
    """Weigh pixels by their overlap with each output. (new, old)."""
    start = np.arange(new)[:, None] * (old / new)
    end = np.arange(1, new + 1)[:, None] * (old / new)
    pixel = np.arange(old)[None]
    overlap = np.minimum(pixel + 1, end) - np.maximum(pixel, start)
    overlap = np.clip(overlap, 0, None)
    overlap /= overlap.sum(1, keepdims=True)
    return csr_matrix(overlap.astype(np.float32))


def class_fractions(
    label_map: np.ndarray, size: tuple[int, int], kernel: str, num_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Reduce a label map to the fraction of each class in each new pixel.

    The indicator image of a class, resized. Fractions of a pixel sum to its
    valid mass v: 1 less what is ignored. With negative weights classes and
    ignored mass are clamped at 0 and divided by their sum.

    Paper: Alcover-Couso et al., soft labels (arXiv 2302.13961).

    Args:
        label_map: Classes in [0, C), or 255 for pixels that do not count.
            (H, W).
        size: (h, w).
        kernel: See resize_plane.
        num_classes: C.

    Returns:
        Tuple of the classes present, ascending, (P,) int64, and their
        fractions in [0, 1], (P, h, w) float32.
    """
    labels = np.flatnonzero(np.bincount(label_map.ravel()))
    classes = labels[labels != IGNORE]
    if classes.size and classes[-1] >= num_classes:
        raise ValueError(
            f'The label map has the label {classes[-1]}, but num_classes is '
            f'{num_classes} and the label to ignore {IGNORE}: correct '
            'num_classes, or map the label with reduce_zero_label or '
            "the data set's label_map before it is softened."
        )
    fractions = np.empty((len(classes), *size), np.float32)
    for plane, label in zip(fractions, classes, strict=True):
        indicator = (label_map == label).astype(np.float32)
        plane[:] = resize_plane(indicator, size, kernel)
    if kernel == 'bicubic_aa':
        ignored = np.clip(1 - fractions.sum(0), 0, None)
        np.clip(fractions, 0, None, out=fractions)
        fractions /= fractions.sum(0) + ignored
    return classes, fractions
