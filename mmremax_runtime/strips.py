"""Large maps, a few rows at a time: what is in between stays small."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

STRIP_PIXELS = 2**20


def row_strips(shape: tuple[int, ...]) -> Iterator[slice]:
    """Cut (H, W, ...) into strips of whole rows."""
    step = max(1, STRIP_PIXELS // shape[1])
    for start in range(0, shape[0], step):
        yield slice(start, start + step)


def count_values(values: np.ndarray, length: int) -> np.ndarray:
    """Count each of 0 ... length - 1. (H, W), integer -> (length,), int64."""
    counts = np.zeros(length, np.int64)
    for rows in row_strips(values.shape):
        counts += np.bincount(values[rows].ravel(), minlength=length)
    return counts
