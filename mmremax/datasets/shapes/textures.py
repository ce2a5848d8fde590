"""Classes of the synthetic images: outlines of things, textures of both.

Plain arithmetic in float64, so that the pixels do not depend on the version
of a drawing library; but for the smooth ones of the vivid images.
"""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from numpy import ndarray
from numpy.random import Generator

THING_COLOURS = dict(
    disc=[220, 20, 60],
    square=[0, 130, 200],
    triangle=[255, 165, 0],
    star=[240, 225, 25],
    cross=[145, 30, 180],
    ring=[250, 130, 190],
)
STUFF_COLOURS = dict(
    bricks=[120, 70, 40],
    waves=[0, 90, 120],
    grass=[60, 150, 60],
    clouds=[170, 190, 215],
)
THINGS = [
    dict(id=1 + i, name=name, isthing=1, supercategory='shape', color=colour)
    for i, (name, colour) in enumerate(THING_COLOURS.items())
]
# The ids have gaps, as COCO's: an id is not an index.
STUFF = [
    dict(id=11 + i, name=name, isthing=0, supercategory='ground', color=colour)
    for i, (name, colour) in enumerate(STUFF_COLOURS.items())
]

# The textures here say which of two colours a pixel has, without mixing them:
# mixed tones would be more frequent in some classes than in others.
# (u, v) -> inside or not, second colour or not.
Outline = Callable[[ndarray, ndarray], tuple[ndarray, ndarray | bool]]
# (y, x, source of randomness) -> second colour or not, or its weight.
Texture = Callable[[ndarray, ndarray, Generator], ndarray]


# Things: (u, v) are coordinates around the centre in units of the radius.
def _disc(u: ndarray, v: ndarray) -> tuple[ndarray, ndarray]:
    distance = np.sqrt(u * u + v * v)
    return distance < 0.95, distance % 0.4 < 0.2


def _square(u: ndarray, v: ndarray) -> tuple[ndarray, ndarray]:
    return np.maximum(abs(u), abs(v)) < 0.8, v % 0.4 < 0.2


def _triangle(u: ndarray, v: ndarray) -> tuple[ndarray, ndarray]:
    inside = (v > -0.6) & (abs(u) * 1.73 + v < 1.2)
    return inside, (np.floor(u / 0.3) + np.floor(v / 0.3)) % 2 == 0


def _vivid_triangle(u: ndarray, v: ndarray) -> tuple[ndarray, ndarray]:
    """The first colour, not the second, on the even checks."""
    inside, even = _triangle(u, v)
    return inside, ~even


def _star(u: ndarray, v: ndarray) -> tuple[ndarray, ndarray]:
    spike = abs((np.arctan2(v, u) * 5 / np.pi) % 2 - 1)
    du, dv = (u + 0.16) % 0.32 - 0.16, (v + 0.16) % 0.32 - 0.16
    inside = np.sqrt(u * u + v * v) < 0.5 + 0.6 * spike
    return inside, du * du + dv * dv < 0.01


def _cross(
    u: ndarray, v: ndarray, half_width: float = 0.33
) -> tuple[ndarray, bool]:
    low, high = np.minimum(abs(u), abs(v)), np.maximum(abs(u), abs(v))
    return (low < half_width) & (high < 1), False


def _ring(
    u: ndarray, v: ndarray, hole: float = 0.5
) -> tuple[ndarray, ndarray]:
    distance = np.sqrt(u * u + v * v)
    spokes = (np.arctan2(v, u) * 6 / np.pi) % 2 < 1
    return (distance < 1) & (distance > hole), spokes


OUTLINES: dict[str, Outline] = dict(
    disc=_disc,
    square=_square,
    triangle=_triangle,
    star=_star,
    cross=_cross,
    ring=_ring,
)
VIVID_OUTLINES = OUTLINES | dict(triangle=_vivid_triangle)
THIN_OUTLINES: dict[str, Outline] = dict(
    cross=partial(_cross, half_width=0.1), ring=partial(_ring, hole=0.8)
)


# Stuff: (y, x) are pixels of an image whose shorter side is 128.
def _bricks(y: ndarray, x: ndarray, rng: Generator) -> ndarray:
    return (y % 8 < 1.5) | ((x + np.floor(y / 8) * 8) % 16 < 1.5)


def _waves(y: ndarray, x: ndarray, rng: Generator) -> ndarray:
    crest = y + 2.5 * np.sin(x / 5)
    return crest % 9 < 4.5


def _noise(
    y: ndarray, x: ndarray, rng: Generator, cell: tuple[float, float]
) -> ndarray:
    """Interpolate random values on a grid of cells (height, width)."""
    y, x = y / cell[0], x / cell[1]
    row, col = y.astype(int), x.astype(int)
    values = rng.random((row.max() + 2, col.max() + 2))
    down, right = y - row, x - col
    above = values[row, col] * (1 - right) + values[row, col + 1] * right
    row = row + 1
    below = values[row, col] * (1 - right) + values[row, col + 1] * right
    return above * (1 - down) + below * down < 0.5


TEXTURES: dict[str, Texture] = dict(
    bricks=_bricks,
    waves=_waves,
    grass=partial(_noise, cell=(6, 1.5)),
    clouds=partial(_noise, cell=(12, 16)),
)


# Of the vivid images: weights of the second colour between 0 and 1.
def _smooth_waves(y: ndarray, x: ndarray, rng: Generator) -> ndarray:
    crest = y + 2.5 * np.sin(x / 5)
    return 0.5 + 0.5 * np.sin(crest * (2 * np.pi / 9))


def _smooth_noise(
    y: ndarray, x: ndarray, rng: Generator, cell: tuple[float, float]
) -> ndarray:
    height, width = y.shape
    shape = int(height / cell[0]) + 2, int(width / cell[1]) + 2
    return cv2.resize(rng.random(shape, np.float32), (width, height))


VIVID_TEXTURES: dict[str, Texture] = dict(
    bricks=TEXTURES['bricks'],
    waves=_smooth_waves,
    grass=partial(_smooth_noise, cell=(6, 1.5)),
    clouds=partial(_smooth_noise, cell=(24, 30)),
)


def split_ground(
    rng: Generator, y: ndarray, x: ndarray
) -> list[tuple[dict, ndarray]]:
    """Split an image into two to four regions of different stuff."""
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
