"""Where grounds and crowds lie on a synthetic image."""

from collections.abc import Iterator

import numpy as np

from .textures import STUFF


def split_ground(
    rng: np.random.Generator, y: np.ndarray, x: np.ndarray
) -> list[tuple[dict, np.ndarray]]:
    """Split an image into two to four regions of different stuff.

    Args:
        rng: Source of randomness.
        y: Row of each pixel, as floating point. (H, W).
        x: Its column. (H, W).

    Returns:
        Category and mask of each region.
    """
    height, width = y.shape
    unit = min(height, width)
    count = int(rng.integers(2, 5))
    labels = rng.permutation(len(STUFF))[:count]
    rows = (rng.permutation(count) + 0.5) / count * height
    cols = rng.uniform(0, width, count)
    bent = y + unit * 0.06 * np.sin(x / unit * 9 + rows[:1])
    dy, dx = bent - rows[:, None, None], x - cols[:, None, None]
    region = np.argmin(dy**2 + dx**2, axis=0)
    return [(STUFF[label], region == i) for i, label in enumerate(labels)]


def crowd_row(
    rng: np.random.Generator, size: np.ndarray
) -> Iterator[tuple[np.ndarray, float]]:
    """Line up the small objects of a crowd.

    Args:
        rng: Source of randomness; read between two objects.
        size: Height and width of the image, in pixels.

    Yields:
        Centre (y, x) and radius of each object, in pixels.
    """
    radius = min(size) * 0.06
    start = rng.uniform((0.15, 0.1), (0.85, 0.5)) * size
    for i in range(int(rng.integers(4, 8))):
        yield start + np.array([rng.uniform(-1, 1), i * 1.5]) * radius, radius
