"""Label maps by the stored rule, and matrices that reduce them."""

import numpy as np
from torch import Tensor

from mmremax.soft_label.kernels import class_fractions
from mmremax.soft_label.target import SoftTarget


def label_map(size: int, k: float = 0.0) -> np.ndarray:
    """Make the map of the golden file. (size, size)."""
    r, c = np.mgrid[:size, :size]
    y = np.floor(
        2.5 + 2.4 * np.sin(0.9 * r + 0.35 * c + k) * np.cos(0.4 * r - 0.2 * c)
    ).astype(int)
    y[(3 * r + 5 * c) % 17 == 0] = 255
    if k == 0:
        y[:4, size - 4 :] = 255
    return y


def area_matrix(old: int, new: int) -> np.ndarray:
    """Cut pixels into `new` parts each; an output is `old` of them."""
    parts = np.eye(old).repeat(new, axis=0)
    return parts.reshape(new, old, old).mean(1)


def lattice_matrix(old: int, stride: int) -> np.ndarray:
    """Center a box of `stride` pixels on every stride-th one. (new, old).

    With an even stride its two rim pixels count half.
    """
    output = np.arange((old - 1) // stride + 1)[:, None] * stride
    distance = np.abs(np.arange(old)[None] - output)
    half = 1.0 if stride % 2 else 0.5
    box = (distance < stride / 2) + half * (distance == stride / 2)
    return box / box.sum(1, keepdims=True)


def dense_fractions(
    label: np.ndarray,
    size: tuple[int, int],
    kernel: str = 'area',
    num_classes: int = 5,
) -> np.ndarray:
    """Reduce a map; one channel for each class. (C, h, w), float32."""
    classes, fractions = class_fractions(label, size, kernel, num_classes)
    q = np.zeros((num_classes, *size), np.float32)
    q[classes] = fractions
    return q


def dense_target(target: SoftTarget, num_classes: int) -> Tensor:
    """Spread a compact target over the channels. (N, C, h, w)."""
    q = target.fractions
    if target.classes is None:
        return q
    full = q.new_zeros(len(q), num_classes + 1, *q.shape[2:])
    index = target.classes.clamp(max=num_classes)
    return full.scatter_add_(1, index, q)[:, :-1]
