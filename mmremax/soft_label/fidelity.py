"""How much of a label map survives a reduction.

Letters: C classes, H W the label map, h w the reduced one.
"""

from __future__ import annotations

import cv2
import numpy as np

from mmremax.utils.constants import IGNORE

from .kernels import (
    class_fractions,
)


def thin_pixels(label: np.ndarray, width: int = 9) -> np.ndarray:
    """Find the pixels of structures narrower than `width`.

    Those that the morphological opening of their class with a square of
    `width` pixels removes.

    Args:
        label: Classes, 255 is void. (H, W).
        width: In pixels, odd.

    Returns:
        (H, W), bool.
    """
    assert width % 2, width
    square = np.ones((width, width), np.uint8)
    thin = np.zeros(label.shape, bool)
    for c in np.setdiff1d(label, IGNORE):
        mask = (label == c).astype(np.uint8)
        # Outside the image it goes on: a border makes nothing thin.
        padded = cv2.copyMakeBorder(
            mask, width, width, width, width, cv2.BORDER_REPLICATE
        )
        opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, square)
        opened = opened[width:-width, width:-width]
        thin |= (mask == 1) & (opened == 0)
    return thin


class LabelFidelity:
    """Adds up images for one kernel and factor.

    A map is reduced to fractions, which grow back to its size (bilinear, as
    mmseg enlarges logits); the largest one is the label that they stand for.

    Args:
        num_classes: C.
        kernel: See kernel_matrix.
        factor: Reduction of both sides.
    """

    def __init__(self, num_classes: int, kernel: str, factor: int) -> None:
        self.num_classes = num_classes
        self.kernel = kernel
        self.factor = factor
        self.confusion = np.zeros((num_classes, num_classes), np.int64)
        self.thin = self.thin_right = self.thin_seen = 0

    def add(self, label: np.ndarray, thin: np.ndarray) -> None:
        """Count one image.

        Args:
            label: Classes, 255 is void; sides are multiples of the factor.
                (H, W).
            thin: What thin_pixels() found. (H, W), bool.
        """
        f = self.factor
        size = (label.shape[0] // f, label.shape[1] // f)
        classes, q = class_fractions(
            label, size, self.kernel, self.num_classes
        )
        largest = np.full(label.shape, 0, np.float32)
        decided = np.zeros(label.shape, np.int64)
        own = np.zeros(label.shape, bool)
        for c, plane in zip(classes, q, strict=True):
            grown = cv2.resize(plane, label.shape[::-1])
            decided[grown > largest] = c
            np.maximum(largest, grown, out=largest)
            cell = plane.repeat(f, 0).repeat(f, 1)
            own |= (label == c) & (cell > 0)
        valid = label != IGNORE
        pair = label[valid].astype(np.int64) * self.num_classes
        self.confusion += np.bincount(
            pair + decided[valid], minlength=self.num_classes**2
        ).reshape(self.confusion.shape)
        self.thin += thin.sum()
        self.thin_right += (thin & (decided == label)).sum()
        self.thin_seen += (thin & own).sum()

    def scores(self) -> dict[str, float]:
        """Compute what the counts say, in percent.

        Returns:
            `mIoU` of the enlarged label with the map, over classes that
            occur; `thin_recall`, the pixels of thin structures whose
            enlarged label is right; `thin_seen`, those whose cell has a
            fraction of their class at all.
        """
        hit = self.confusion.diagonal()
        union = self.confusion.sum(0) + self.confusion.sum(1) - hit
        with np.errstate(invalid='ignore'):
            iou = 100 * hit / union
        thin = max(self.thin, 1)
        return dict(
            mIoU=float(np.nanmean(iou)),
            thin_recall=100 * self.thin_right / thin,
            thin_seen=100 * self.thin_seen / thin,
        )
