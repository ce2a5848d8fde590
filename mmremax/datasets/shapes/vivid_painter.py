"""Drawing of version vivid1: vivid objects on pale, smooth grounds.

Textures and colours of grounds are OpenCV's work in float32 and uint8: the
pixels hold with its versions 4.12 and 5.0, and no promise goes further.
"""

from functools import partial

import cv2
import numpy as np

from .canvas import ShapeCanvas
from .painter import Painter, split_ground
from .textures import OUTLINES, TEXTURES, THINGS, Texture


def _triangle(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first colour, not the second, on the even checks."""
    inside, even = OUTLINES['triangle'](u, v)
    return inside, ~even


class VividPainter(Painter):
    """Draws vivid objects on pale grounds."""

    outlines = OUTLINES | dict(triangle=_triangle)

    def __init__(self, rng: np.random.Generator, canvas: ShapeCanvas) -> None:
        super().__init__(rng, canvas)
        self.centres: list[np.ndarray] = []  # (y, x) of the objects
        height, width = canvas.size
        self.y, self.x = np.mgrid[:height, :width].astype(np.float32)

    def draw_ground(self) -> None:
        """Fill the image with regions of different stuff."""
        for category, mask in split_ground(self.rng, self.y, self.x):
            texture = _GROUNDS[category['name']](self.y, self.x, self.rng)
            colours = self._colours(
                saturation=(20, 90), value=(70, 200), step=45
            )
            segment_id = self.canvas.new_id(category)
            self.canvas.paint(mask, texture, colours, segment_id)

    def draw_thing(self, label: int, beside_last: bool = False) -> None:
        """Draw one object.

        Args:
            label: Index into ``THINGS``.
            beside_last: Let it overlap the last one. If not, it takes the
                freest of a few random places.
        """
        rng = self.rng
        radius = self.canvas.unit * rng.uniform(0.13, 0.24)
        if beside_last:
            angle = rng.uniform(0, 2 * np.pi)
            step = radius * 1.2 * np.array([np.sin(angle), np.cos(angle)])
            centre = self.centres[-1] + step
        else:
            places = rng.uniform(0.12, 0.88, (4, 2)) * self.canvas.size
            room = [
                min((np.hypot(*(p - c)) for c in self.centres), default=0)
                for p in places
            ]
            centre = places[int(np.argmax(room))]
        self.centres.append(centre)
        outline = self.outlines[THINGS[label]['name']]
        segment_id = self.canvas.new_id(THINGS[label])
        self.draw_outline(outline, centre, radius, segment_id)

    def draw_unlabelled(self) -> None:
        """Smear a flat blob that the annotation does not cover."""
        y, x = self.rng.uniform(0, 1, 2) * self.canvas.size
        high, wide = self.canvas.unit * self.rng.uniform(0.05, 0.1, 2)
        blob = ((self.y - y) / high) ** 2 + ((self.x - x) / wide) ** 2 < 1
        self.canvas.paint(blob, False, self._colours(), 0)

    def finish(self) -> None:
        """Add sensor noise and cut the image to uint8."""
        image = self.canvas.image.astype(np.float32)
        noise = self.rng.normal(0, 4, image.shape).astype(np.float32)
        self.canvas.image = np.clip(image + noise, 0, 255).astype(np.uint8)

    def object_colours(self) -> np.ndarray:
        """Draw the colours of an object; see ``_colours``."""
        return self._colours()

    def _colours(
        self,
        saturation: tuple[int, int] = (120, 255),
        value: tuple[int, int] = (130, 255),
        step: int = 110,
    ) -> np.ndarray:
        """Draw a colour and a darker one of near hue.

        Args:
            saturation: Bounds of both. Upper ones are left out.
            value: Bounds of the lighter one's brightness.
            step: By which the other is darker.

        Returns:
            RGB in [0, 255]. (2, 3), float32.
        """
        hue, bright = self.rng.integers(0, 180), self.rng.integers(*value)
        first, second = self.rng.integers(*saturation, 2)
        hsv = [
            [hue, first, bright],
            [(hue + 10) % 180, second, bright - step],
        ]
        hsv = np.array([hsv], np.uint8)
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0].astype(np.float32)


def _waves(
    y: np.ndarray, x: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    crest = y + 2.5 * np.sin(x / 5)
    return 0.5 + 0.5 * np.sin(crest * (2 * np.pi / 9))


def _noise(
    y: np.ndarray,
    x: np.ndarray,
    rng: np.random.Generator,
    cell: tuple[float, float],
) -> np.ndarray:
    """Interpolate random values on a grid of cells (height, width)."""
    height, width = y.shape
    shape = int(height / cell[0]) + 2, int(width / cell[1]) + 2
    return cv2.resize(rng.random(shape, np.float32), (width, height))


_GROUNDS: dict[str, Texture] = dict(
    bricks=TEXTURES['bricks'],
    waves=_waves,
    grass=partial(_noise, cell=(6, 1.5)),
    clouds=partial(_noise, cell=(24, 30)),
)
