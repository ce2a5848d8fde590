"""Compact storage of class fractions between loading and loss.

Letters: C classes, P classes present in the image, K classes kept in a
cell, h w cells.
"""

from __future__ import annotations

import numpy as np

from mmremax.utils.constants import IGNORE

ENCODINGS = ('uint8', 'float16', 'float32', 'topk')
CODE = 255  # the code of fraction 1 in uint8


def encode_fractions(
    classes: np.ndarray,
    fractions: np.ndarray,
    num_classes: int,
    encoding: str = 'uint8',
    topk: int = 4,
) -> np.ndarray:
    """Write fractions with channels last, so that crop and flip move them.

    Args:
        classes: Classes present. (P,), int.
        fractions: In [0, 1], summing to at most 1. (P, h, w), float32.
        num_classes: C.
        encoding: ``uint8`` (codes round(255 q)), ``float16``, ``float32``,
            or ``topk`` (the K largest; the rest counts as ignored).
        topk: K.

    Returns:
        (h, w, C) of the type the encoding names; for ``topk`` (h, w, 2K)
        uint8: K class ids, the largest fraction first and the lower id
        before the higher, 255 where unused; then their codes.
    """
    if encoding == 'topk':
        return _encode_topk(classes, fractions, topk)
    if encoding == 'uint8':
        fractions = codes(fractions)
    dense = np.zeros((*fractions.shape[1:], num_classes), encoding)
    dense[..., classes] = fractions.transpose(1, 2, 0)
    return dense


def codes(fractions: np.ndarray) -> np.ndarray:
    """Quantise fractions; an error is at most 1 / 510. uint8."""
    return np.rint(fractions * CODE).astype(np.uint8)


def _encode_topk(
    classes: np.ndarray, fractions: np.ndarray, topk: int
) -> np.ndarray:
    size = fractions.shape[1:]
    kept = min(topk, len(classes))
    order = np.argsort(-fractions, axis=0, kind='stable')[:kept]
    largest = codes(np.take_along_axis(fractions, order, axis=0))
    ids = np.full((topk, *size), IGNORE, np.uint8)
    weights = np.zeros((topk, *size), np.uint8)
    if kept:
        ids[:kept] = np.where(largest > 0, classes[order], IGNORE)
        weights[:kept] = largest
    return np.concatenate([ids, weights]).transpose(1, 2, 0).copy()


def decode_fractions(
    encoded: np.ndarray, encoding: str
) -> tuple[np.ndarray, np.ndarray]:
    """Read back what encode_fractions wrote.

    Args:
        encoded: (h, w, C) or (h, w, 2K).
        encoding: How.

    Returns:
        Tuple of the classes present, (P,) int64, and their fractions,
        (P, h, w) float32.
    """
    planes = encoded.transpose(2, 0, 1)
    if encoding != 'topk':
        classes = np.flatnonzero(planes.any((1, 2)))
        scale = CODE if encoding == 'uint8' else 1
        return classes, planes[classes].astype(np.float32) / scale
    ids, weights = np.split(planes, 2)
    classes = np.setdiff1d(ids, IGNORE).astype(np.int64)
    fractions = [np.where(ids == c, weights, 0).sum(0) for c in classes]
    stacked = np.array(fractions, np.float32).reshape(-1, *ids.shape[1:])
    return classes, stacked / CODE
